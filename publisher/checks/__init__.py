"""Rules over an issue and its source text: what is wrong, where, and how to mend it. All pure."""

from publisher.checks.check import RULES as RULES
from publisher.checks.check import check as check
from publisher.checks.codes import CODES as CODES
from publisher.checks.codes import Severity as Severity
from publisher.checks.known import Imprint as Imprint
from publisher.checks.known import Known as Known
from publisher.checks.mend import mend as mend
from publisher.checks.problem import Edit as Edit
from publisher.checks.problem import Problem as Problem
