"""Sweeps over points and seeds on any executor, tables of results and intervals."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
