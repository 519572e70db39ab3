"""E3C: clinical entities (disorders, signs, symptoms) in clinical cases of five languages."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from posology.errors import UserError
from posology.evaluate.forms import MentionsForm
from posology.evaluate.iob import TaggedSentence, join_words, mentions_at, place_words, read_iob
from posology.evaluate.items import Item, Mention
from posology.evaluate.nodes import read_node
from posology.evaluate.task import Card, Family, Part, Shares, Task

__all__ = ["E3C"]

_TAG = "ety"
_BLOCK = 15  # sentences: about one clinical case
_NAMES = {"Entity": "entity"}


@dataclass(frozen=True, slots=True)
class _Words:
    """What a prompt says in one language."""

    code: str  # ISO 639-1
    name: str  # of the language, as the files spell it
    system: str
    sentence: str
    question: str
    lead: str
    absent: str
    nothing: str


_LANGUAGES = (
    _Words(
        "it",
        "Italian",
        "Trovi le entità cliniche nelle frasi di casi clinici.",
        "Frase",
        "Quali disturbi, malattie, segni o sintomi nomina la frase?",
        "Copia ogni entità esattamente come sta nella frase, una per riga",
        "Se non ce n'è nessuna, rispondi",
        "nessuna",
    ),
    _Words(
        "en",
        "English",
        "You find the clinical entities in sentences of clinical cases.",
        "Sentence",
        "Which disorders, diseases, signs or symptoms does the sentence name?",
        "Copy each entity exactly as it stands in the sentence, one per line",
        "If there is none, answer",
        "none",
    ),
    _Words(
        "es",
        "Spanish",
        "Encuentras las entidades clínicas en frases de casos clínicos.",
        "Frase",
        "¿Qué trastornos, enfermedades, signos o síntomas nombra la frase?",
        "Copia cada entidad exactamente como aparece en la frase, una por línea",
        "Si no hay ninguna, responde",
        "ninguna",
    ),
    _Words(
        "fr",
        "French",
        "Tu trouves les entités cliniques dans des phrases de cas cliniques.",
        "Phrase",
        "Quels troubles, maladies, signes ou symptômes la phrase nomme-t-elle ?",
        "Copie chaque entité exactement comme elle figure dans la phrase, une par ligne",
        "S'il n'y en a aucune, réponds",
        "aucune",
    ),
    _Words(
        "eu",
        "Basque",
        "Kasu klinikoen esaldietan entitate klinikoak aurkitzen dituzu.",
        "Esaldia",
        "Zein nahasmendu, gaixotasun, zeinu edo sintoma aipatzen ditu esaldiak?",
        "Kopiatu entitate bakoitza esaldian dagoen bezala, lerro bakoitzean bat",
        "Bat ere ez badago, erantzun",
        "bat ere ez",
    ),
)


def _sentences(folder: Path, language: str) -> list[TaggedSentence]:
    return list(read_iob(folder / f"layer1_iob_{language}_train.txt", (_TAG,), delimiter=" "))


def _relabelled(mentions: Sequence[Mention]) -> tuple[Mention, ...]:
    return tuple(Mention(one.start, one.end, "Entity", one.text) for one in mentions)


def _reader(words: _Words) -> Callable[[Path], Iterator[Item]]:
    def read(folder: Path) -> Iterator[Item]:
        sentences = _sentences(folder, words.name)
        if words.code == "it":
            yield from _placed(sentences, _documents(folder / "italian_layer1_text"))
        else:
            yield from _joined(sentences)

    return read


def _joined(sentences: Sequence[TaggedSentence]) -> Iterator[Item]:
    """Make texts of the words; the files do not say where a case begins, so groups are neighbours."""
    blocks = -(-len(sentences) // _BLOCK)
    for number, sentence in enumerate(sentences):
        text, places = join_words(sentence.words)
        yield Item(
            id=f"{number:04}",
            group=f"block {number // _BLOCK + 1} of {blocks}",
            text=text,
            gold=_relabelled(mentions_at(text, places, sentence.tags)),
        )


def _documents(folder: Path) -> dict[str, str]:
    """Read the cases that the sentences were cut from, in the order of the sentences."""
    found = {path.stem: read_node(path).key("text").text() for path in sorted(folder.glob("*.json"))}
    if not found:
        raise UserError(f"{folder}: no text of a case (*.json); is the data folder the right one?")
    return found


def _placed(sentences: Sequence[TaggedSentence], cases: dict[str, str]) -> Iterator[Item]:
    """Find the sentences in the texts of their cases, where they follow one after the other.

    Words that the annotators corrected stand in no text: they are joined, in the case of the sentence before.
    """
    names = list(cases)
    name, position = names[0], 0
    for number, sentence in enumerate(sentences):
        following = names[min(names.index(name) + 1, len(names) - 1)]
        tries = ((name, position), (following, 0), *_later(sentence.words[0], name, cases[name], position))
        found = next((one for one in tries if place_words(sentence.words, cases[one[0]], one[1])), None)
        if found is None:
            text, places = join_words(sentence.words)
        else:
            name, start = found
            text, places, position = _cut(sentence.words, cases[name], start)
        yield Item(
            id=f"{number:04}",
            group=name,
            text=text,
            gold=_relabelled(mentions_at(text, places, sentence.tags)),
        )


def _later(word: str, name: str, text: str, position: int) -> Iterator[tuple[str, int]]:
    while (position := text.find(word, position)) >= 0:
        yield name, position
        position += 1


def _cut(words: Sequence[str], case: str, start: int) -> tuple[str, list[tuple[int, int]], int]:
    """Return a sentence of a case, its words' places in it, and where it ends in the case."""
    places = place_words(words, case, start) or []
    begin, end = places[0][0], places[-1][1]
    return case[begin:end], [(one - begin, other - begin) for one, other in places], end


def _ask(words: _Words) -> Callable[[Item], str]:
    return lambda item: f"{words.sentence}: {item.text}\n\n{words.question}"


def _part_of(item: Item) -> Part | None:
    """Deal the neighbours of a file in a row, so that two cases at most are in two parts."""
    if not item.group.startswith("block "):
        return None
    _, number, _, blocks = item.group.split()
    place = int(number) / int(blocks)
    return Part.TUNE if place <= 0.4 else Part.SELECT if place <= 0.5 else Part.REPORT


_GROUPS = {
    True: "Sentences are grouped by clinical case, found in the cases' own texts, from which the sentences "
    "are cut; nine whose words the annotators corrected are joined from their words.",
    False: "The file does not say where a case begins: groups are blocks of 15 neighbouring sentences, dealt "
    "to the parts in the order of the file, so that two cases at most stand in two parts; the text is "
    "joined from the words.",
}


def _card(words: _Words) -> Card:
    return Card(
        title=f"E3C clinical entities, {words.name}",
        source="Magnini et al., CLiC-it 2020; hltfbk/E3C-Corpus, layer 1, training partition, IOB",
        licence="CC BY-NC",
        url="https://github.com/hltfbk/E3C-Corpus",
        about="Sentences of published clinical cases: which stretches of the sentence name a disorder, "
        "disease, sign or symptom (one type, the corpus's clinical entity)?",
        leaks="The cases were published in journals and the corpus is on the web since 2020. "
        + _GROUPS[words.code == "it"],
        limits="The source's IOB files leave out discontinuous and nested entities (3.4 % and 0.2 %). All "
        "parts are dealt from the training partition; published scores are of the test partition or of the "
        "whole corpus, so none stands beside ours.",
    )


def _task(words: _Words) -> Task:
    return Task(
        name=f"e3c_{words.code}",
        family=Family.ENTITIES,
        language=words.code,
        folder="e3c",
        read=_reader(words),
        system=words.system,
        ask=_ask(words),
        form=MentionsForm(
            names=_NAMES,
            lead=words.lead,
            absent=words.absent,
            nothing=words.nothing,
            max_words=15,
            max_items=12,
            max_tokens=160,
        ),
        metric="strict F1",
        shares=Shares(part_of=_part_of),
        card=_card(words),
    )


E3C = tuple(_task(words) for words in _LANGUAGES)
