"""From a rung of the ladder to an arm: a system is opened once and answers any task in any way it can."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from posology.addresses import check_address
from posology.chat import Generator, open_generator
from posology.config import Part, Settings, load_settings
from posology.errors import UserError
from posology.evaluate.arm import Arm, ArmIdentity, Learning
from posology.evaluate.strategy import Strategy, name_of
from posology.evaluate.systems.asking import plan_asking
from posology.evaluate.systems.digests import digest_of, items_digest
from posology.evaluate.systems.encoder import open_encoder_arm
from posology.evaluate.systems.fitness import why_not
from posology.evaluate.systems.function_arm import FunctionArm, Respond
from posology.evaluate.systems.generator import GeneratorArm
from posology.evaluate.systems.linear import learn_linear
from posology.evaluate.systems.recorded import open_recorded
from posology.evaluate.systems.rules import learn_dictionary
from posology.evaluate.systems.spec import SystemSpec
from posology.evaluate.systems.trees import learn_trees
from posology.evaluate.systems.trivial import learn_majority, learn_prior
from posology.evaluate.task import Kind, Task

__all__ = ["System", "open_arm", "open_system"]

Learner = Callable[[Task, Learning], Respond]
LEARNERS: Mapping[str, tuple[str, Learner]] = {  # every baseline, with its family
    "majority": ("trivial", learn_majority),
    "prior": ("trivial", learn_prior),
    "rules": ("rules", learn_dictionary),
    "tf-idf": ("linear", learn_linear),
    "boosting": ("trees", learn_trees),
}


@dataclass(frozen=True, slots=True)
class System:
    """An open system. ``generator`` is what its arms share, None for systems without one."""

    spec: SystemSpec
    generator: Generator | None = None

    def arm(self, strategy: Strategy | None, task: Task, learning: Learning) -> Arm:
        """Return the system as an arm about one task; raise UserError where it cannot be one."""
        if reason := why_not(self.spec, task, strategy):
            raise UserError(f"{self.spec.name} on {task.name}: {reason}")
        if self.generator is not None and strategy is not None:
            asking = plan_asking(task, strategy, learning)
            return GeneratorArm(self.generator, asking, _asked(self.spec, self.generator, strategy))
        if self.spec.kind == "recorded":
            return open_recorded(self.spec, task, learning)
        if self.spec.kind == "encoder":
            return open_encoder_arm(self.spec, task)
        family, learner = LEARNERS[self.spec.kind]
        about = [
            self.spec.kind,
            task.name,
            task.metric,
            items_digest(learning.tune),
            items_digest(learning.select),
        ]
        identity = _learnt(self.spec, task, family)
        return FunctionArm(identity, digest_of("learnt/1", about), learner(task, learning))


def open_system(spec: SystemSpec, settings: Settings | None = None) -> System:
    """Open a system; ``settings`` say which hosts may be reached (default: those of posology.toml).

    Raises UserError for what this version cannot open, and the errors of the engine.
    """
    if spec.kind != "generator":
        return System(spec)
    return System(spec, _open_model(spec, settings or load_settings()))


def open_arm(
    spec: SystemSpec,
    strategy: Strategy | None,
    task: Task,
    learning: Learning,
    settings: Settings | None = None,
) -> Arm:
    """Open a system for one arm; a generator that has several is opened once by open_system."""
    return open_system(spec, settings).arm(strategy, task, learning)


def _open_model(spec: SystemSpec, settings: Settings) -> Generator:
    if spec.base_url:
        agreements = {remote.host.lower(): remote.agreement for remote in settings.profile.remote}
        address = check_address(spec.base_url, agreements, f"{spec.name}: base_url")
        settings = replace(settings, addresses=(*settings.addresses, address))
    shared = ("engine", "path", "adapter", "model", "base_url", "api_key_env", "sha256", "family")
    more = ("window_tokens", "concurrency", "timeout_s", "threads")
    part = Part.model_validate({field: getattr(spec, field) for field in (*shared, *more)})
    generator = open_generator(part, settings)
    if generator is None:
        raise UserError(f"{spec.name}: the engine {spec.engine} generates nothing")
    return generator


def _asked(spec: SystemSpec, generator: Generator, strategy: Strategy) -> ArmIdentity:
    model = generator.identity
    return ArmIdentity(
        system=spec.name,
        family=spec.family or model.family,
        strategy=name_of(strategy),
        parameters=spec.parameters,
        precision=spec.precision,
        sha256=model.sha256,
        engine=model.engine,
        notes=spec.notes,
    )


def _learnt(spec: SystemSpec, task: Task, family: str) -> ArmIdentity:
    notes = [spec.notes] if spec.notes else []
    if spec.kind == "majority" and task.form.kind is Kind.TEXT:
        notes.append("lead: the first sentences of the text")
    return ArmIdentity(spec.name, spec.family or family, notes="; ".join(notes))
