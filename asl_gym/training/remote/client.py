"""A device's end: it joins a server over gRPC and trains its half when its turn comes."""

import queue
from collections.abc import Iterator
from typing import Any

import grpc

from asl_gym.training.channel import Turn
from asl_gym.training.errors import TrainingError
from asl_gym.training.remote.messages import Message, listed, numbered
from asl_gym.training.remote.service import METHOD, OPTIONS
from asl_gym.training.shards import Shard
from asl_gym.training.sides import DeviceSide

__all__ = ["DeviceClient"]


class DeviceClient:
    """A device that trains for a server.

    Args:
        address: The server's, ``HOST:PORT``.
        device: Which device this is, from 0.
        side: Trains the device's half.
        shard: The device's samples.
        recipe: What both sides have to agree on, as JSON values.
    """

    def __init__(
        self, address: str, device: int, side: DeviceSide, shard: Shard, recipe: Any
    ) -> None:
        self._address, self._device, self._recipe = address, device, recipe
        self._side, self._shard = side, shard
        self._to_send: queue.Queue[Message | None] = queue.Queue()

    def run(self, wait_s: float = 60.0) -> str:
        """Trains until the server says that there is no more to do.

        Args:
            wait_s: How long to wait for a server that isn't there yet [s].

        Returns:
            Why it ended.

        Raises:
            TrainingError: If the server refuses the device, or the connection breaks.
        """
        travels = self._side.recipe.labels_travel
        labels = {} if travels else {"labels": self._shard.labels()}
        words = {"device": self._device, "recipe": self._recipe}
        self._to_send.put(Message("join", words, labels))
        with grpc.insecure_channel(self._address, options=OPTIONS) as channel:
            try:
                grpc.channel_ready_future(channel).result(wait_s)
            except grpc.FutureTimeoutError as error:
                raise TrainingError(f"no server at {self._address} in {wait_s:g} s") from error
            answers = channel.stream_stream(METHOD)(self._requests())
            try:
                return self._answer(answers)
            except grpc.RpcError as error:
                raise TrainingError(f"the server at {self._address}: {error.details()}") from error
            finally:
                self._to_send.put(None)

    def _requests(self) -> Iterator[bytes]:
        while (message := self._to_send.get()) is not None:
            yield message.to_bytes()

    def _answer(self, answers: Iterator[bytes]) -> str:
        for content in answers:
            message = Message.from_bytes(content)
            if message.kind == "end":
                return str(message.words["why"])
            try:
                self._act(message)
            except TrainingError as error:
                self._to_send.put(Message("fault", {"why": str(error)}, {}))
        return "the server has ended the stream"

    def _act(self, message: Message) -> None:
        if message.kind == "begin":
            self._side.begin(Turn(**message.words), self._shard, message.tensors)
        else:
            gradients = message.checked("gradients")
            self._side.gradients(listed(gradients.tensors, gradients.words["count"]))
        if self._side.has_more:
            crossing = self._side.crossing()
            tensors = numbered(crossing.tensors)
            if crossing.labels is not None:
                tensors["labels"] = crossing.labels
            self._to_send.put(Message("crossing", {"tracked": list(crossing.tracked)}, tensors))
        else:
            state, loss = self._side.finish()
            self._to_send.put(Message("state", {"loss": loss}, state))
