"""Plans are read strictly; a wrong name is answered with the nearest known one."""

import hashlib

import pytest
from made_titration import PLAN, TASKS, made_plan

from posology.errors import UserError
from posology.evaluate.forms import TextForm
from posology.evaluate.tasks import TASKS as ALL
from posology.evaluate.titration import load_plan


def test_a_plan_knows_its_hash_and_its_arms_from_the_smallest_on(tmp_path):
    plan = made_plan(tmp_path)
    assert plan.sha256 == hashlib.sha256(PLAN.encode()).hexdigest()
    assert [rung.spec.name for rung in plan.rungs] == ["majority", "tf-idf", "small", "middle", "large"]
    assert plan.arm_names()[:4] == ("majority", "tf-idf", "small zero", "small few+constrained")
    assert len(plan.asks()) == 2 * (2 + 3 * 2)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"made_claims"]', '"made_claim"]', "tasks: 'made_claim' is unknown; did you mean made_claims?"),
        ('"few+constrained"]', '"few+constraint"]', "'constraint' is unknown; did you mean constrained?"),
        ('"tf-idf"]', '"tfidf"]', "baselines: 'tfidf' is unknown; did you mean tf-idf?"),
        ("n = 60", "number = 60", "number is no key of a plan"),
        ("score = 0.6", "scor = 0.6", "requirement.scor is no key of a plan; did you mean 'score'?"),
        ("score = 0.6", 'score = "high"', "requirement.score"),
        ('engine = "transformers"\npath = "middle"', 'engin = "transformers"', "ladder 3: engin is no key"),
        ('name = "middle"', 'name = "small"', "two systems are called small"),
        ("score = 0.6", 'non_inferior_to = "large zeros"\nmargin = 0.1', "did you mean large zero?"),
        ("score = 0.6", 'non_inferior_to = "large zero"', "non_inferior_to and margin go together"),
        ("score = 0.6", 'score = 0.6\nnon_inferior_to = "large zero"\nmargin = 0.1', "not both"),
        ('title = "A made titration"\n', "", "title is missing"),
        ('["zero", "few+constrained"]', '["zero"', "not TOML"),
        ("n = 60", "n = 0", "n: Input should be greater than 0"),
        ("[requirement]", '[robustness]\nkinds = ["typo"]\n[requirement]', "did you mean typos?"),
        (
            "[requirement]",
            '[robustness]\nkinds = ["typos"]\narms = ["small"]\n[requirement]',
            "robustness.arms",
        ),
    ],
)
def test_a_wrong_plan_says_which_key_and_what_is_near(tmp_path, old, new, message):
    assert old in PLAN
    with pytest.raises(UserError) as caught:
        made_plan(tmp_path, PLAN.replace(old, new, 1))
    assert message in str(caught.value)
    assert "plan.toml" in str(caught.value)


def test_an_arm_that_a_task_rules_out_has_a_stand_in(tmp_path):
    from dataclasses import replace

    path = tmp_path / "plan.toml"
    path.write_text(PLAN.replace('strategies = ["zero",', 'strategies = ["zero", "few",'))
    written = replace(TASKS["made_claims"], form=TextForm("Write."), labels=(), metric="ROUGE-L")
    plan = load_plan(path, {**TASKS, "made_claims": written})
    triage, text = plan.tasks
    assert plan.stand_in(triage, "large few+constrained") == "large few+constrained"
    assert plan.stand_in(text, "large few+constrained") == "large few"
    assert plan.stand_in(text, "majority") == "majority"


def test_a_rung_with_an_adapter_for_each_task_is_another_system_on_each(tmp_path):
    plan = made_plan(tmp_path, PLAN.replace('path = "small"', 'path = "small"\nadapter = "tuned"'))
    found = {ask.task.name: ask.spec.adapter for ask in plan.asks() if ask.spec.name == "small"}
    assert found == {name: str(tmp_path / "tuned" / name) for name in ("made_triage", "made_claims")}


def test_the_plans_of_the_project_can_be_read(repo_root):
    examples = [repo_root / "examples" / name for name in ("titration.toml", "referrals/titration.toml")]
    for path in [*sorted((repo_root / "studies").glob("*.toml")), *examples]:
        assert load_plan(path, ALL).asks()


def test_a_task_of_ones_own_may_be_named_by_its_file_or_its_name(tmp_path, repo_root):
    own = repo_root / "examples" / "referrals" / "referrals.toml"
    path = tmp_path / "plan.toml"
    for name in ("referrals", str(own)):
        path.write_text(
            'posology = "titration/1"\ntitle = "t"\n'
            f'tasks = ["{own}"]\n'
            '[[ladder]]\nname = "word counts"\nkind = "tf-idf"\n'
            f'[requirement]\nby_task = {{"{name}" = 0.5}}\n'
            f'[robustness]\nkinds = ["typos"]\ntasks = ["{name}"]\n'
        )
        plan = load_plan(path, {})
        assert plan.required("referrals") == 0.5
        assert plan.tries("referrals", "word counts")


def test_without_names_every_arm_of_every_task_is_tried(tmp_path):
    plan = made_plan(tmp_path, PLAN + '[robustness]\nkinds = ["typos"]\narms = ["small zero"]\n')
    assert plan.tries("made_claims", "small zero")
    assert not plan.tries("made_claims", "large zero")
    assert not made_plan(tmp_path).tries("made_claims", "small zero")
