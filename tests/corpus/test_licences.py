"""Which licences permit to ship what was learned."""

import pytest

from posology.corpus import canonical_licence, may_ship

SHIPS = [
    "made here", "public domain", "US government public domain notice", "NCBI public domain notice",
    "public domain (United States Government Work)", "CC0 1.0", "CC0 1.0 Universal", "CC-BY-4.0", "CC BY 4.0",
    "CC BY", "Creative Commons Attribution 4.0 International License", "Creative Commons Attribution 4.0",
    "MIT", "MIT License", "MIT (upstream MedQA)", "Apache-2.0", "Apache 2.0", "Apache License 2.0",
    "BSD-3-Clause", "BSD 2-Clause License", "Apache-2.0 (model card); MIT (package)", "made here; CC-BY",
]  # fmt: skip
STAYS = {
    "not stated": "nobody permitted anything",
    "": "nobody permitted anything",
    "not stated (BioASQ: CC BY 2.5)": "what another copy says is no statement",
    "CC BY-NC": "no commercial use",
    "CC BY-NC 4.0": "no commercial use",
    "CC-BY-NC-4.0": "no commercial use",
    "CC BY-SA 4.0": "what is made of it would have to bear the same licence",
    "CC BY-ND 4.0": "no derivatives",
    "GNU General Public License v3": "binds what is built from it",
    "GPL-3.0": "binds what is built from it",
    "can be used freely for research purposes": "research is not everything",
    "Apache 2.0 (upstream CC BY-NC-SA 4.0)": "the remark takes it back",
    "Apache-2.0 (the repository); the original set is CC BY-NC-SA 4.0 as far as known": "likewise",
    "MIT or so": "not a licence",
    "Summit": "MIT within a word",
    "mixed": "not on the list",
    "made here; CC BY-NC 4.0": "one of two forbids it",
    "made here;": "nobody says what the second is",
}


@pytest.mark.parametrize("licence", SHIPS)
def test_a_licence_on_the_list_permits_shipping_however_it_is_written(licence: str) -> None:
    assert may_ship(licence)


@pytest.mark.parametrize("licence", STAYS, ids=list(STAYS))
def test_every_other_licence_permits_nothing(licence: str) -> None:
    assert not may_ship(licence), STAYS[licence]
    assert canonical_licence(licence) == licence
