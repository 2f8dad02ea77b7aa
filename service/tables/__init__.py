"""What the service stores, on one base: what was published, what people write, who may come in."""

from service.tables.base import Base, Moment, new_id, now
from service.tables.people import (
    AuditRow,
    ClientRow,
    GrantRow,
    IdentityRow,
    OnceRow,
    PersonRow,
    RetentionRunRow,
    SessionRow,
)
from service.tables.published import (
    ChangeRow,
    DutyRow,
    ListRow,
    ModelPageRow,
    RegionCellRow,
    SchoolPageRow,
    SchoolRow,
    SealedNameRow,
    SignalRow,
)
from service.tables.written import CaseRow, DeliveryRow, FollowUpRow, PlaybookRow, RightsRow

__all__ = [
    "AuditRow",
    "Base",
    "CaseRow",
    "ChangeRow",
    "ClientRow",
    "DeliveryRow",
    "DutyRow",
    "FollowUpRow",
    "GrantRow",
    "IdentityRow",
    "ListRow",
    "ModelPageRow",
    "Moment",
    "OnceRow",
    "PersonRow",
    "PlaybookRow",
    "RegionCellRow",
    "RetentionRunRow",
    "RightsRow",
    "SchoolPageRow",
    "SchoolRow",
    "SealedNameRow",
    "SessionRow",
    "SignalRow",
    "new_id",
    "now",
]
