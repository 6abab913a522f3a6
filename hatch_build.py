"""Build the C extension into the wheel where there is a compiler; without one the wheel is pure Python, and works.

An editable installation has it beside its source, where the package is imported from.
"""

import sys
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class PlayerHook(BuildHookInterface):  # type: ignore[type-arg]
    """Adds nntrain/core/_player.… to the wheel, or says why it is not there."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build before the files of the wheel are collected."""
        root = Path(self.root)
        sys.path.insert(0, str(root / "scripts"))
        from build_player import build

        source = root / "nntrain" / "core" / "_player.c"
        editable = version == "editable"
        try:
            built = build(source, source.parent if editable else Path(mkdtemp(prefix="nntrain-")))
        except (Exception, SystemExit) as error:  # noqa: BLE001  # no compiler, no headers: it works without
            self.app.display_warning(f"nntrain is installed without its C player and trains more slowly: {error}")
            return
        if not editable:
            build_data["force_include"][str(built)] = f"nntrain/core/{built.name}"
            build_data["pure_python"], build_data["infer_tag"] = False, True
