from __future__ import annotations

from typing import Any


def get_ayon_qt_app() -> Any:
    """The Qt application of an AYON process, made when there is none."""
    from qtpy import QtWidgets  # noqa: PLC0415 - not in every process

    return QtWidgets.QApplication.instance() or QtWidgets.QApplication([])
