"""The messages by which a model is asked: system, examples as turns, the question with how to answer it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from posology.chat import Message
from posology.errors import UserError
from posology.evaluate.items import Item
from posology.evaluate.task import Task

__all__ = [
    "Wording",
    "example_turns",
    "final_answer",
    "messages_for",
    "question_of",
    "second_turn",
    "wording_of",
]


@dataclass(frozen=True, slots=True)
class Wording:
    """What prompts say beside the task's own words, in one language."""

    think: str  # how to reason; it names the mark
    mark: str  # what stands before the answer
    now: str  # asks for the answer alone, after the reasoning
    reference: str  # above answered questions that were found
    question: str  # between them and the question


_WORDS = {
    "en": Wording(
        "Reason first, briefly, in at most five sentences. Then write `Answer:` and your answer.",
        "Answer:",
        "Now give the answer alone.",
        "Similar questions with their answers, for reference:",
        "The question to answer:",
    ),
    "it": Wording(
        "Prima ragiona brevemente, in non più di cinque frasi. Poi scrivi `Risposta:` e la tua risposta.",
        "Risposta:",
        "Ora dai soltanto la risposta.",
        "Domande simili con le loro risposte, come riferimento:",
        "La domanda a cui rispondere:",
    ),
    "es": Wording(
        "Primero razona brevemente, en no más de cinco frases. Después escribe `Respuesta:` y tu respuesta.",
        "Respuesta:",
        "Ahora da solo la respuesta.",
        "Preguntas parecidas con sus respuestas, como referencia:",
        "La pregunta que hay que responder:",
    ),
    "fr": Wording(
        "Raisonne d'abord brièvement, en cinq phrases au plus. Puis écris `Réponse:` et ta réponse.",
        "Réponse:",
        "Donne maintenant la réponse seule.",
        "Questions semblables avec leurs réponses, pour référence :",
        "La question à laquelle répondre :",
    ),
    "eu": Wording(
        "Lehenik arrazoitu laburki, gehienez bost esalditan. Gero idatzi `Erantzuna:` eta zure erantzuna.",
        "Erantzuna:",
        "Orain eman erantzuna bakarrik.",
        "Antzeko galderak beren erantzunekin, erreferentzia gisa:",
        "Erantzun beharreko galdera:",
    ),
    "de": Wording(
        "Überlege zuerst kurz, in höchstens fünf Sätzen. Schreibe dann `Antwort:` und deine Antwort.",
        "Antwort:",
        "Gib jetzt nur die Antwort.",
        "Ähnliche Fragen mit ihren Antworten, zum Nachschlagen:",
        "Die Frage, die zu beantworten ist:",
    ),
    "pt": Wording(
        "Primeiro raciocina brevemente, em cinco frases no máximo. Depois escreve `Resposta:` e a resposta.",
        "Resposta:",
        "Agora dá apenas a resposta.",
        "Perguntas parecidas com as suas respostas, para referência:",
        "A pergunta a responder:",
    ),
}


def wording_of(task: Task) -> Wording:
    """Return the words in the task's language; raise UserError where there are none."""
    words = _WORDS.get(task.language)
    if words is None:
        raise UserError(
            f"{task.name}: reason and retrieved have no words in the language {task.language!r}; "
            f"there are {', '.join(_WORDS)}"
        )
    return words


def question_of(task: Task, item: Item) -> str:
    """Return the words of an item with how to answer it."""
    return f"{task.ask(item)}\n{task.form.instruction(item)}"


def example_turns(task: Task, shots: Sequence[Item]) -> tuple[Message, ...]:
    """Return answered items as turns of a conversation."""
    turns = []
    for shot in shots:
        turns.append(Message("user", question_of(task, shot)))
        turns.append(Message("assistant", task.form.write(shot, shot.gold)))
    return tuple(turns)


def messages_for(
    task: Task,
    item: Item,
    shots: Sequence[Item] = (),
    *,
    passages: Sequence[Item] = (),
    reason: bool = False,
) -> tuple[Message, ...]:
    """Return the messages that ask an item.

    ``passages`` are answered items that stand as reference text in the item's own turn. With ``reason`` the
    last turn asks for reasoning first; the examples then end in the mark and the answer, without reasoning.
    """
    question = question_of(task, item)
    if passages:
        question = _with_references(task, passages, question)
    turns = example_turns(task, shots)
    if reason:
        words = wording_of(task)
        question = f"{question}\n{words.think}"
        turns = tuple(
            Message(turn.role, f"{words.mark} {turn.content}") if turn.role == "assistant" else turn
            for turn in turns
        )
    return (Message("system", task.system), *turns, Message("user", question))


def _with_references(task: Task, passages: Sequence[Item], question: str) -> str:
    words = wording_of(task)
    found = "\n\n".join(
        f"{number}. {task.ask(item)}\n{words.mark} {task.form.write(item, item.gold)}"
        for number, item in enumerate(passages, 1)
    )
    return f"{words.reference}\n\n{found}\n\n{words.question}\n{question}"


def second_turn(task: Task, item: Item, first: tuple[Message, ...], reasoning: str) -> tuple[Message, ...]:
    """Return the messages that ask for the answer alone after a model's reasoning."""
    question = f"{wording_of(task).now} {task.form.instruction(item)}"
    said = reasoning.strip() or "…"
    return (*first, Message("assistant", said), Message("user", question))


def final_answer(task: Task, text: str) -> str:
    """Return what stands after the last mark, in the task's language or English; ValueError without one."""
    marks = {wording_of(task).mark.rstrip(" :"), "Answer"}
    pattern = "|".join(re.escape(mark) for mark in sorted(marks))
    found = list(re.finditer(rf"(?:{pattern})[\s*`_]*:[ \t*`_]*", text, re.IGNORECASE))
    if not found:
        raise ValueError(f"nothing stands after {wording_of(task).mark!r}: the reasoning came to no answer")
    return text[found[-1].end() :].strip()
