from . import test_case
from . import test_gate
from . import test_identity
from . import test_leaks
from . import test_reveal
from . import test_search
from . import test_service
from . import test_visibility
