"""What counts: the options of a scope (`options`), a scope as one value, and rules and catalogue cut to it
(`view`).
"""

from coverage.scope.options import ENABLED_CHOICES, OPTIONS, Known, ScopeOption
from coverage.scope.value import Scope
from coverage.scope.view import (
    View,
    among,
    once_a_view,
    rules_in_scope,
    techniques_in_scope,
    unread_rules,
)

__all__ = [
    "ENABLED_CHOICES",
    "OPTIONS",
    "Known",
    "Scope",
    "ScopeOption",
    "View",
    "among",
    "once_a_view",
    "rules_in_scope",
    "techniques_in_scope",
    "unread_rules",
]
