"""Rules over an issue and its source text: what is wrong, where, and how to mend it. All pure."""

from publisher.checks.archive import Archive as Archive
from publisher.checks.archive import compare as compare
from publisher.checks.check import Examined as Examined
from publisher.checks.check import check as check
from publisher.checks.check import examine as examine
from publisher.checks.codes import CODES as CODES
from publisher.checks.codes import Severity as Severity
from publisher.checks.imprint import Imprint as Imprint
from publisher.checks.mend import mend as mend
from publisher.checks.problem import Edit as Edit
from publisher.checks.problem import Problem as Problem
