"""A component with the relay that a network puts behind it."""

from amaranth import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.relay import Relay

__all__ = ["BeforeRelay"]


class BeforeRelay(wiring.Component):
    """If ``told``, the component knows of the relay a cycle ahead. Inputs are named alike."""

    def __init__(self, component, told: bool):
        self.inner, self.told, self.out = component, told, component.out
        self.inputs = [name for name in component.signature.members if name != "o"]
        super().__init__({"o": Out(self.out.signature()), **{
            name: In(component.signature.members[name].signature.flip())
            for name in self.inputs}})

    def elaborate(self, platform):
        m = Module()
        m.submodules.inner = self.inner
        m.submodules.relay = relay = Relay(self.out.payload)
        if self.told:
            self.inner.ready_next = relay.ready_next
        for name in self.inputs:
            wiring.connect(m, wiring.flipped(getattr(self, name)), getattr(self.inner, name))
        wiring.connect(m, self.inner.o, relay.i)
        wiring.connect(m, relay.o, wiring.flipped(self.o))
        return m
