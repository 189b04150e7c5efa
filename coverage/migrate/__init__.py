"""Moving the mappings of rules to another ATT&CK release: a plan first, then a patch or files.

`plan` is pure: texts, a `Target` and decisions in; new texts, changes and open questions out.
`unified_diff` makes a patch of a plan, `writing` puts it on disk. Elastic TOML and Sigma YAML are rewritten;
everything that is no mapping, tag of a mapping, or asked-for date stays byte for byte.
"""

from coverage.migrate.decisions import Decision, DecisionError, decisions_from, read_decisions
from coverage.migrate.model import QUESTION_CODES, Change, FilePlan, Plan, Question, grouped
from coverage.migrate.planning import RuleText, plan, plan_sources
from coverage.migrate.target import Target, open_target

__all__ = [
    "QUESTION_CODES",
    "Change",
    "Decision",
    "DecisionError",
    "FilePlan",
    "Plan",
    "Question",
    "RuleText",
    "Target",
    "decisions_from",
    "grouped",
    "open_target",
    "plan",
    "plan_sources",
    "read_decisions",
]
