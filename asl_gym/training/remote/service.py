"""The server's end: devices join over gRPC, and each then is a link of the training."""

import queue
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent import futures
from typing import Any

import grpc
from torch import Tensor

from asl_gym.training.channel import Crossing, DeviceLost, State, Turn
from asl_gym.training.errors import TrainingError
from asl_gym.training.remote.messages import Message, listed, numbered

__all__ = ["METHOD", "OPTIONS", "DeviceServer", "RemoteLink"]

SERVICE, NAME = "asl_gym.SplitTraining", "Train"
METHOD = f"/{SERVICE}/{NAME}"

KEEPALIVE_MS, ANSWER_MS = 1000, 2000
"""A silent peer is asked whether it lives every so often, and given so long to answer [ms]."""

OPTIONS = (
    ("grpc.max_send_message_length", -1),
    ("grpc.max_receive_message_length", -1),
    ("grpc.keepalive_time_ms", KEEPALIVE_MS),
    ("grpc.keepalive_timeout_ms", ANSWER_MS),
    ("grpc.http2.ping_timeout_ms", ANSWER_MS),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.max_pings_without_data", 0),
    ("grpc.http2.min_ping_interval_without_data_ms", KEEPALIVE_MS),
    ("grpc.http2.min_recv_ping_interval_without_data_ms", KEEPALIVE_MS // 2),
    ("grpc.http2.max_ping_strikes", 0),
    ("grpc.so_reuseport", 0),
)
"""Of both ends: messages of any size, and pings by which a peer that has gone is noticed."""

LOST = Message("lost", {}, {})


class _Stream:
    """A device's stream as it is open now."""

    def __init__(self, join: Message) -> None:
        self.join = join
        self.received: queue.Queue[Message] = queue.Queue()
        self.to_send: queue.Queue[Message | None] = queue.Queue()


class RemoteLink:
    """A device in another process, see :class:`asl_gym.training.channel.DeviceLink`.

    Args:
        device: Which one.
        patience_s: How long an answer may take while the connection lives [s].
    """

    def __init__(self, device: int, patience_s: float) -> None:
        self.device, self._patience_s = device, patience_s
        self._stream: _Stream | None = None

    @property
    def has_joined(self) -> bool:
        """Whether the device is connected."""
        return self._stream is not None

    @property
    def join(self) -> Message:
        """What the device said when it joined."""
        return self._connected().join

    def connect(self, stream: _Stream) -> bool:
        """Takes a stream; returns whether the device was not connected already."""
        if self._stream is not None:
            return False
        self._stream = stream
        return True

    def disconnect(self, stream: _Stream) -> None:
        """Takes note that a stream has ended."""
        stream.received.put(LOST)
        if self._stream is stream:
            self._stream = None

    def begin(self, turn: Turn, state: State) -> None:
        """Sends the state of the device's half."""
        self._turn_stream = self._connected()
        self._send(Message("begin", turn._asdict(), state))

    def crossing(self) -> Crossing:
        """Receives what crosses of the next batch."""
        message = self._receive("crossing")
        tracked = [bool(each) for each in message.words["tracked"]]
        tensors = [each for each in listed(message.tensors, len(tracked)) if each is not None]
        return Crossing(tensors, tracked, message.tensors.get("labels"))

    def gradients(self, gradients: Sequence[Tensor | None]) -> None:
        """Sends the gradients of what crossed."""
        self._send(Message("gradients", {"count": len(gradients)}, numbered(gradients)))

    def finish(self) -> tuple[State, float]:
        """Receives the state of the device's half, and its loss."""
        message = self._receive("state")
        return message.tensors, float(message.words["loss"])

    def end(self, why: str) -> None:
        """Tells the device that there is no more to do."""
        if self._stream is not None:
            self._stream.to_send.put(Message("end", {"why": why}, {}))
            self._stream.to_send.put(None)

    def _connected(self) -> _Stream:
        if self._stream is None:
            raise DeviceLost(self.device, "it is not connected")
        return self._stream

    def _send(self, message: Message) -> None:
        self._turn_stream.to_send.put(message)

    def _receive(self, kind: str) -> Message:
        try:
            message = self._turn_stream.received.get(timeout=self._patience_s)
        except queue.Empty:
            raise DeviceLost(self.device, f"no answer in {self._patience_s:g} s") from None
        if message is LOST:
            raise DeviceLost(self.device, "its connection has ended")
        try:
            return message.checked(kind)
        except TrainingError as error:
            raise TrainingError(f"device {self.device}: {error}") from error


class DeviceServer:
    """Waits for devices and keeps their streams.

    Args:
        address: Where to listen, ``HOST:PORT``; port 0 takes a free one.
        devices: Number of devices.
        recipe: What both sides have to agree on, as JSON values.
        patience_s: How long a device's answer may take while its connection lives [s].

    Attributes:
        port: The port.
        links: A link for each device.

    Raises:
        OSError: If the address cannot be listened on.
    """

    def __init__(self, address: str, devices: int, recipe: Any, patience_s: float = 600.0) -> None:
        self.links = [RemoteLink(device, patience_s) for device in range(devices)]
        self._recipe, self._joined = recipe, threading.Condition()
        pool = futures.ThreadPoolExecutor(2 * devices + 2)
        self._server = grpc.server(pool, options=OPTIONS)
        handler = grpc.stream_stream_rpc_method_handler(self._serve)
        handlers = grpc.method_handlers_generic_handler(SERVICE, {NAME: handler})
        self._server.add_generic_rpc_handlers((handlers,))
        try:
            self.port = self._server.add_insecure_port(address)
        except RuntimeError as error:
            raise OSError(f"{address} cannot be listened on: {error}") from error
        self._server.start()

    def wait_for_all(self, timeout_s: float | None = None) -> None:
        """Waits until all devices have joined.

        Raises:
            TimeoutError: If they haven't in that time; the message names those that are missing.
        """
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        with self._joined:
            while missing := [link.device for link in self.links if not link.has_joined]:
                left = None if deadline is None else deadline - time.monotonic()
                if left is not None and left <= 0:
                    raise TimeoutError(f"devices {missing} have not joined in {timeout_s:g} s")
                self._joined.wait(left)

    def close(self, why: str = "the training has ended") -> None:
        """Tells all devices that there is no more to do, and stops."""
        for link in self.links:
            link.end(why)
        self._server.stop(2.0).wait()

    def _serve(self, requests: Iterator[bytes], context: Any) -> Iterator[bytes]:
        try:
            stream = _Stream(Message.from_bytes(next(requests)).checked("join"))
            link = self._link_of(stream)
        except (TrainingError, StopIteration) as error:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error))
            return
        context.add_callback(lambda: self._left(link, stream))
        threading.Thread(target=self._read, args=(requests, stream), daemon=True).start()
        with self._joined:
            self._joined.notify_all()
        while (message := stream.to_send.get()) is not None:
            yield message.to_bytes()

    def _link_of(self, stream: _Stream) -> RemoteLink:
        device, recipe = stream.join.words.get("device"), stream.join.words.get("recipe")
        if not isinstance(device, int) or not 0 <= device < len(self.links):
            known = f"0 to {len(self.links) - 1}"
            raise TrainingError(f"device = {device!r} is not allowed: expected one of {known}")
        if recipe != self._recipe:
            told = recipe if isinstance(recipe, dict) else {}
            differing = [name for name, value in self._recipe.items() if told.get(name) != value]
            raise TrainingError(f"device {device} trains otherwise: {', '.join(differing)} differ")
        link = self.links[device]
        if not link.connect(stream):
            raise TrainingError(f"device {device} is connected already")
        return link

    def _left(self, link: RemoteLink, stream: _Stream) -> None:
        link.disconnect(stream)
        stream.to_send.put(None)

    def _read(self, requests: Iterator[bytes], stream: _Stream) -> None:
        """Puts what arrives where the training waits for it."""
        try:
            for content in requests:
                stream.received.put(Message.from_bytes(content))
        except TrainingError as error:
            stream.received.put(Message("fault", {"why": str(error)}, {}))
        except Exception:  # gRPC's own, when the connection ends.
            stream.received.put(LOST)
