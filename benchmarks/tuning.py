"""Tokens a second of tuning: our loop, our loop with a cached teacher, and TRL's SFTTrainer, in one run.

    .venv/bin/python benchmarks/tuning.py MODEL_FOLDER [--steps 6] [--no-write]

MODEL_FOLDER is a folder with safetensors, such as the one that the transformers engine keeps of a GGUF file.
All arms see the same made examples in batches of the same size, with the same adapters in the same
arithmetic, and in turns; the first two steps of each are not counted. Ours is the loop of `adapt run`.
Tokens are those of examples, without padding; each step is credited with the mean. Run it on a machine that
does nothing else.
"""

import argparse
import json
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

from common import write_report
from posology.adapt.devices import find_devices
from posology.adapt.job import Job
from posology.adapt.loop import Training, train
from posology.adapt.masks import Marker, mark_examples
from posology.adapt.network import Network, open_network
from posology.adapt.objective.answers import AnswerObjective
from posology.adapt.recipe import Base, Lora, Optimizer, Stop
from posology.adapt.recipes.tune import Distillation, Objective
from posology.chat import Message
from posology.corpus import Example, Provenance

WARM_UP = 2
BATCH = 8


def examples(number: int) -> list[Example]:
    """Return made notes with a question and a short answer."""
    chance = random.Random(0)
    made = []
    for place in range(number):
        lines = [f"Day {day}: weight {chance.randint(50, 150)} kg, no fever." for day in range(18)]
        note = "\n".join(lines)
        turns = (Message("system", "You read notes."), Message("user", f"{note}\nThe last weight?"))
        made.append(Example(f"{place}", turns, lines[-1][8:], Provenance("made", "made here")))
    return made


def opened(folder: Path) -> Network:
    """Open the model with adapters in every linear layer."""
    return open_network(Base(path=str(folder)), Lora(rank=16, alpha=32), Job(Path("unused")), seed=0)


def own(folder: Path, steps: int, cache: Path | None) -> list[float]:
    """Return the tokens a second of each step of our loop, with a cached teacher where ``cache`` is given.

    It is the loop of `posology adapt run`, with its schedule, log and checks; checkpoints are out of the way.
    """
    network = opened(folder)
    marked = mark_examples(examples(BATCH * steps), Marker(network.codec, network.ends))
    terms, teacher = Objective(), None
    if cache is not None:
        from posology.adapt.distill import open_teacher

        distill = Distillation(on=True, teacher=str(folder), cache=str(cache))
        terms = Objective(distill=distill)
        teacher = open_teacher(distill, network, Base(path=str(folder)), marked, Job(Path("unused")))
    with tempfile.TemporaryDirectory() as work:
        progress = train(
            Training(
                network=network,
                objective=AnswerObjective(network, marked, terms, teacher),
                select=None,
                optimizer=Optimizer(lr=1e-4, batch=BATCH, steps=steps, micro_tokens=1 << 16),
                stop=Stop(checkpoint=10 * steps),
                seed=0,
                work=Path(work),
                fingerprint="timed",
                devices=find_devices(),
            )
        )
    done = [0.0, *(entry["seconds"] for entry in progress.log if "loss" in entry)]
    mean = BATCH * statistics.mean(one.tokens for one in marked)  # both loops shuffle
    return [mean / (now - was) for was, now in pairwise(done)][WARM_UP:]


def trl(folder: Path, steps: int) -> list[float]:
    """Return the tokens a second of each step of TRL's SFTTrainer."""
    import torch
    from datasets import Dataset
    from peft import LoraConfig
    from transformers import AutoModelForCausalLM, AutoTokenizer, TrainerCallback

    from posology.chat.runtime import import_trl

    import_trl("The comparison")  # it tells nobody of the run
    from trl import SFTConfig, SFTTrainer

    network = opened(folder)
    marked = mark_examples(examples(BATCH * steps), Marker(network.codec, network.ends))
    half = network.half
    del network
    tokens = [sum(one.tokens for one in marked[at : at + BATCH]) for at in range(0, len(marked), BATCH)]
    rows = [
        {
            "prompt": [{"role": turn.role, "content": turn.content} for turn in one.messages],
            "completion": [{"role": "assistant", "content": one.answer}],
        }
        for one in examples(BATCH * steps)
    ]

    class Clock(TrainerCallback):  # type: ignore[misc]
        """Times steps."""

        def __init__(self) -> None:
            self.seconds: list[float] = []
            self.began = 0.0

        def on_step_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:  # noqa: ARG002 - transformers' names
            """Begin a step."""
            self.began = time.perf_counter()

        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:  # noqa: ARG002 - transformers' names
            """End a step."""
            self.seconds.append(time.perf_counter() - self.began)

    clock = Clock()
    with tempfile.TemporaryDirectory() as out:
        settings = SFTConfig(
            output_dir=out,
            per_device_train_batch_size=BATCH,
            max_steps=steps,
            learning_rate=1e-4,
            bf16=half,
            use_cpu=not torch.cuda.is_available(),
            gradient_checkpointing=False,
            report_to=[],
            save_strategy="no",
            logging_strategy="no",
            disable_tqdm=True,
            seed=0,
        )
        model = AutoModelForCausalLM.from_pretrained(
            str(folder), dtype=torch.bfloat16 if half else torch.float32, attn_implementation="sdpa"
        )
        trainer = SFTTrainer(
            model=model,
            args=settings,
            train_dataset=Dataset.from_list(rows),
            processing_class=AutoTokenizer.from_pretrained(str(folder)),
            peft_config=LoraConfig(r=16, lora_alpha=32, target_modules="all-linear", task_type="CAUSAL_LM"),
            callbacks=[clock],
        )
        trainer.train()
    mean = statistics.mean(tokens)
    return [mean / seconds for seconds in clock.seconds[WARM_UP:]]


def main() -> None:
    """Run the arms in turns and write their medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("--steps", type=int, default=6)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--no-write", action="store_true")
    given = parser.parse_args()
    steps = given.steps + WARM_UP
    with tempfile.TemporaryDirectory() as folder:
        cache = Path(folder) / "cache"
        arms: dict[str, Callable[[], list[float]]] = {
            "own": lambda: own(given.model, steps, None),
            "own, cached teacher": lambda: own(given.model, steps, cache),
            "trl": lambda: trl(given.model, steps),
        }
        found: dict[str, list[float]] = {name: [] for name in arms}
        for _ in range(given.rounds):
            for name, run in arms.items():
                found[name] += run()
    by_round = {
        name: [statistics.median(speeds[at : at + given.steps]) for at in range(0, len(speeds), given.steps)]
        for name, speeds in found.items()
    }
    medians = {name: round(statistics.median(speeds), 1) for name, speeds in found.items()}
    record = {
        "tokens_per_second": medians,
        "own against trl": round(medians["own"] / medians["trl"], 3),
        "time of the cached teacher against plain": round(medians["own"] / medians["own, cached teacher"], 3),
        "rounds apart": {
            "own against trl": [
                round(a / b, 3) for a, b in zip(by_round["own"], by_round["trl"], strict=True)
            ],
            "time of the cached teacher against plain": [
                round(a / b, 3) for a, b in zip(by_round["own"], by_round["own, cached teacher"], strict=True)
            ],
        },
        "every step": {name: [round(one, 1) for one in speeds] for name, speeds in found.items()},
        "steps": given.steps,
        "rounds": given.rounds,
        "batch": BATCH,
    }
    print(json.dumps(record, indent=1))
    if not given.no_write:
        settings = {key: record[key] for key in ("steps", "rounds", "batch")} | {"model": given.model.name}
        write_report("tuning", record, command="benchmarks/tuning.py MODEL_FOLDER", settings=settings)


if __name__ == "__main__":
    main()
