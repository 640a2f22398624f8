"""What is done against forgetting, in every goal that knows a way: the keep set, and the guard's own fields."""

from engine.draft import Draft
from engine.retention import Ewc, KeepDistill, KeepingData, Replay, Si
from engine.section import Section

GUARDS: dict[str, type[Section]] = {"replay": Replay, "ewc": Ewc, "si": Si, "distill": KeepDistill}
REASONS = {"share": "keep_share", "strength": "keep_strength", "damping": "keep_damping", "rows": "keep_batch"}


def keep(draft: Draft) -> None:
    """Fill in what is kept and how; no guard unless somebody or a rule of the guide asked for one."""
    draft.put("retention.kind", "none", "retention_none")
    kind, rows = str(draft.get("retention.kind")), int(KeepingData.model_fields["keep_rows"].default)
    draft.put("data.keep_rows", rows, "keep_rows")
    reason = "keep_none" if kind == "none" else "keep_drawn"
    draft.put("data.keep", "", reason, rows=draft.get("data.keep_rows"))
    if kind in GUARDS:
        for name, info in GUARDS[kind].model_fields.items():
            if name != "kind":
                draft.put(f"retention.{name}", info.default, REASONS[name])
