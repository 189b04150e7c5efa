"""A dashboard that runs while each thing it reads is edited in turn, without a restart. Run by `test_inputs`.

`python edits_while_running.py FOLDER` from a copy of the checkout, whose tables it changes. The rules are in
FOLDER/rules, the cache is FOLDER/cache, and FOLDER is where the dashboard was started. Prints one JSON
object: what was edited -> [what the page said before, what it says after].
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from pathlib import Path

from streamlit.testing.v1 import AppTest

CHECKOUT, FOLDER = Path.cwd(), Path(sys.argv[1])
RULE = FOLDER / "rules" / "rule.yml"
RELEASE = CHECKOUT / "data" / "attack" / "enterprise-18.1"
TECHNIQUE = "rules.py"  # which opens a technique, too
NOTICED_WITHIN = 2.2  # seconds


def depth(app: AppTest) -> str:
    """The depth of T1059."""
    app.query_params.clear()
    app.query_params["technique"] = "T1059"
    on_page(app, TECHNIQUE)
    return next(metric.value for metric in app.metric if metric.label == "Depth")


def column(app: AppTest, name: str) -> str:
    """A column of the one rule in the table of rules."""
    app.query_params.clear()
    on_page(app, "rules.py")
    return ", ".join(next(table.value for table in app.dataframe if name in table.value)[name].iloc[0])


def options(app: AppTest, key: str) -> str:
    """What a filter of the Rules page offers."""
    app.query_params.clear()
    on_page(app, "rules.py")
    return ", ".join(app.multiselect(key=key).options)


def answer(app: AppTest, page: str) -> str:
    app.query_params.clear()
    on_page(app, page)
    return next(item.value for item in app.markdown if item.value.startswith("#### "))[5:]


def silenced(app: AppTest) -> str:
    app.query_params.clear()
    on_page(app, "mapping.py")
    return next(tab.label for tab in app.tabs if tab.label.startswith("Silenced"))


def on_page(app: AppTest, page: str) -> None:
    app.switch_page(f"coverage/pages/{page}").run()
    assert not app.exception, app.exception[0].message


def replaced(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text, f"{file} has no {old!r}"
    file.write_text(text.replace(old, new), encoding="utf-8")


def by_release(app: AppTest) -> str:
    """In which releases the rules are valid, as Mapping health says it."""
    answer(app, "mapping.py")
    return next(item.value for item in app.markdown if item.value.startswith("By release: "))


def imported(release: str) -> None:
    """As an import leaves it: a copy of an embedded release under another version, of another bundle."""
    folder = FOLDER / "cache" / "attack" / f"{release}-000000000000"
    shutil.copytree(RELEASE, folder)
    said = json.loads((folder / "release.json").read_text(encoding="utf-8"))
    (folder / "release.json").write_text(
        json.dumps({**said, "release": release, "sha256": "0" * 64}), encoding="utf-8"
    )


TABLES = CHECKOUT / "data"
EDITS = {
    "weights.csv": (depth, lambda: replaced(TABLES / "weights.csv", "production,1.0", "production,0.5")),
    "platforms.csv": (
        lambda app: column(app, "platforms"),
        lambda: replaced(
            TABLES / "platforms.csv", "sigma_product,windows,Windows", "sigma_product,windows,Linux"
        ),
    ),
    "log_sources.csv": (
        lambda app: options(app, "rule_data_components"),
        lambda: replaced(
            TABLES / "log_sources.csv",
            "Sysmon 1; Security 4688,Process Creation",
            "Sysmon 1; Security 4688,File Access",
        ),
    ),
    "coverage.toml": (
        silenced,
        lambda: (FOLDER / "coverage.toml").write_text(
            '[[lint.silence]]\ncode = "parent-only"\npath = "**"\nreason = "on purpose"\n', encoding="utf-8"
        ),
    ),
    "gaps.toml": (
        lambda app: answer(app, "plan.py"),
        lambda: (FOLDER / "gaps.toml").write_text(
            '[[gap]]\nid = "T1105"\nstate = "accepted"\nreason = "r"\nowner = "o"\n', encoding="utf-8"
        ),
    ),
    "a release": (by_release, lambda: imported("enterprise-17.9")),
    "a rule": (lambda app: column(app, "attack_ids"), lambda: replaced(RULE, "attack.t1059", "attack.t1003")),
}


def main() -> None:
    os.chdir(FOLDER)
    app = AppTest.from_file(str(CHECKOUT / "app.py"), default_timeout=120).run()
    seen = {}
    for name, (looked_at, edit) in EDITS.items():
        before = looked_at(app)
        edit()
        time.sleep(NOTICED_WITHIN)
        seen[name] = [before, looked_at(app)]
    print(json.dumps(seen))


if __name__ == "__main__":
    sys.argv = sys.argv[:1]
    main()
