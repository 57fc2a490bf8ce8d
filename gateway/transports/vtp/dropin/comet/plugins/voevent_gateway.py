"""What Twisted finds for ``twistd comet`` when the folder above is in the search path: see `docs/vtp-comet.md`."""

from gateway.transports.vtp.comet_plugin import Plugin

gateway = Plugin()
