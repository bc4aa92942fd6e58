"""What axe finds in the panel."""

from __future__ import annotations

from pathlib import Path

from tests.e2e.browser import PanelPage

AXE = Path(__file__).parents[2] / "frontend/node_modules/axe-core/axe.min.js"


def expect_no_barriers(panel: PanelPage) -> None:
    """Nothing that axe calls serious or critical."""
    panel.view.add_script_tag(path=AXE)
    found = panel.view.evaluate("axe.run(document, {resultTypes: ['violations']})")
    serious = [
        f"{one['id']}: {one['nodes'][0]['html'][:200]}"
        for one in found["violations"]
        if one["impact"] in ("serious", "critical")
    ]
    assert not serious, "\n".join(serious)
