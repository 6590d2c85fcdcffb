"""The service over its real socket: calls, errors, limits and mutual TLS."""

import base64
import threading

import grpc
import numpy as np
import pytest
from hosting import TIMEOUT, Client, Line, socket_folder

from cubeset.teacher import BadInput, Batch, Busy, Cancelled, Description, RowError, Stop, TooBig, Unavailable, check_cancelled, server, wire
from cubeset.teacher.certificate import make_certificate
from cubeset.teacher.server import REPLY_BYTES_MAX, Servicer

SECRET = "what the customer wrote"


def described(**more):
    return Description(**{"model": "me/mine", "dims": 2, "name": "mine", **more})


def lengths(texts):
    return np.array([[len(t), 1] for t in texts])


@pytest.fixture
def serving():
    """Starts a service for an embed function, and returns a client of it and what a host knows."""
    with socket_folder() as folder:
        running = []

        def serving(embed=lengths, describe=described):
            host = make_certificate()
            servicer = Servicer(embed, describe)
            s, text = server.start(servicer, host.pem, folder)
            line = Line.parse(text)
            client = Client(line, host)
            running.append((client, s))
            client.servicer, client.line, client.certificate = servicer, line, host
            return client

        yield serving
        for client, s in running:
            client.channel.close()
            server.stop(s)


@pytest.fixture
def request_of(messages):
    return lambda *texts: messages["EmbedRequest"](texts=texts).SerializeToString()


@pytest.fixture
def reply(messages):
    return messages["EmbedResponse"].FromString


def refused(call, *args):
    with pytest.raises(grpc.RpcError) as e:
        call(*args)
    return e.value.code().name, e.value.details()


def test_texts_become_vectors_in_order(serving, request_of, reply):
    got = reply(serving().embed(request_of("a", "ünï", "🙂")))
    assert (got.rows, got.dims) == (3, 2)
    assert np.frombuffer(got.vectors, "<f4").tolist() == [1, 1, 3, 1, 1, 1]
    assert not got.tokens and not got.truncated and not got.errors


def test_a_batch_says_more(serving, request_of, reply):
    embed = lambda texts: Batch(lengths(texts), [4, 5], [False, True], [RowError(1, "too_long", "over 5 tokens")])
    got = reply(serving(embed).embed(request_of("a", "b")))
    assert (list(got.tokens), list(got.truncated)) == ([4, 5], [False, True])
    assert [(e.row, e.code, e.message) for e in got.errors] == [(1, "too_long", "over 5 tokens")]


@pytest.mark.parametrize("kind", ["<f2", ">f4", "<f8", "i8", "list", "strided"])
def test_whatever_embed_returns_goes_out_as_little_endian_float32(serving, request_of, reply, kind):
    def embed(texts):
        if kind == "list":
            return lengths(texts).tolist()
        if kind == "strided":
            return np.repeat(lengths(texts), 2, axis=1)[:, ::2]
        return lengths(texts).astype(kind)

    got = reply(serving(embed).embed(request_of("abc", "ab")))
    assert np.frombuffer(got.vectors, "<f4").tolist() == [3, 1, 2, 1]


def test_describe_is_asked_once_and_embeds_nothing(serving, messages):
    asked = []

    def describe():
        asked.append(1)
        return described(min_similarity=0.0)

    client = serving(lambda texts: pytest.fail("embedded"), describe)
    first = messages["DescribeResponse"].FromString(client.describe())
    assert (first.model, first.dims, first.min_similarity) == ("me/mine", 2, 0.0)
    assert client.describe() == first.SerializeToString(deterministic=True)
    assert len(asked) == 1


def test_a_bad_description_stops_the_build(serving):
    code, details = refused(serving(describe=lambda: described(dims=0)).describe)
    assert code == "FAILED_PRECONDITION" and details == "bad description: dims: 0 is outside 1..65536"


@pytest.mark.parametrize(
    "error, code",
    [
        (Busy, "RESOURCE_EXHAUSTED"),
        (Unavailable, "UNAVAILABLE"),
        (TooBig, "OUT_OF_RANGE"),
        (BadInput, "INVALID_ARGUMENT"),
        (Stop, "FAILED_PRECONDITION"),
        (Cancelled, "CANCELLED"),
    ],
)
def test_errors_are_codes(serving, request_of, error, code):
    def embed(texts):
        raise error("the key has ended")

    client = serving(embed)
    assert refused(client.embed, request_of("a")) == (code, "the key has ended")


@pytest.mark.parametrize("error", [ValueError(SECRET), KeyError(SECRET), SystemExit(SECRET), MemoryError(SECRET)])
def test_other_exceptions_fail_the_batch_and_quote_nothing(serving, request_of, reply, error, caplog):
    failing = [error]

    def embed(texts):
        if failing:
            raise failing.pop()
        return lengths(texts)

    client = serving(embed)
    code, details = refused(client.embed, request_of(SECRET))
    assert code == "INTERNAL" and details.startswith(type(error).__name__ + " < test_server.py:")
    assert SECRET not in details and SECRET not in caplog.text and details in caplog.text
    assert reply(client.embed(request_of("a"))).rows == 1, "the process lives on"


@pytest.mark.parametrize(
    "result, message",
    [
        (np.zeros((1, 2)), "embed returned an array of shape (1, 2) for 2 texts, want (2, 2)"),
        (np.zeros((2, 3)), "embed returned an array of shape (2, 3) for 2 texts, want (2, 2)"),
        (np.zeros(4), "embed returned an array of shape (4,) for 2 texts, want (2, 2)"),
        (Batch(np.zeros((2, 2)), tokens=[1]), "embed returned 1 token counts for 2 texts"),
        (Batch(np.zeros((2, 2)), truncated=[True] * 3), "embed returned 3 truncation marks for 2 texts"),
    ],
)
def test_wrong_results_are_refused_here(serving, request_of, result, message):
    assert refused(serving(lambda texts: result).embed, request_of("a", "b")) == ("INTERNAL", message)


def test_more_texts_than_it_takes(serving, request_of, reply):
    client = serving(describe=lambda: described(max_rows=2))
    assert reply(client.embed(request_of("a", "b"))).rows == 2
    assert refused(client.embed, request_of("a", "b", "c")) == ("OUT_OF_RANGE", "3 texts in one call, at most 2")


def test_a_reply_that_would_be_too_large(serving, request_of):
    client = serving(lambda texts: pytest.fail("embedded"), lambda: described(dims=65_536))
    code, details = refused(client.embed, request_of(*[""] * 300))
    assert (code, details) == ("OUT_OF_RANGE", f"vectors of 300 texts are over {REPLY_BYTES_MAX} bytes")


def test_no_texts_are_no_vectors(serving, request_of, reply):
    got = reply(serving(lambda texts: pytest.fail("embedded")).embed(request_of()))
    assert (got.rows, got.dims, got.vectors) == (0, 2, b"")


def test_large_messages_pass(serving, request_of, reply):
    """Beyond the 4 MiB that gRPC takes by itself, both ways."""
    embed = lambda texts: np.full((len(texts), 65_536), len(texts[0]), np.float32)
    client = serving(embed, lambda: described(dims=65_536))
    got = reply(client.embed(request_of(*["x" * (9 << 20)] + ["y"] * 63)))
    assert len(got.vectors) == 16 << 20 and np.frombuffer(got.vectors, "<f4")[-1] == 9 << 20


@pytest.mark.parametrize("request_", [b"\x0a\x05ab", b"\x0a\x02\xc3\x28", b"\x0b"])
def test_what_is_no_request(serving, request_):
    code, details = refused(serving().embed, request_)
    assert code == "INTERNAL" and details.startswith("not a request: ")


def test_a_stream_answers_in_order(serving, request_of, reply):
    client = serving()
    stream = client.channel.stream_stream("/cubeset.teacher.v1.Teacher/EmbedStream")
    got = [reply(r) for r in stream(iter([request_of("a"), request_of("bb", "c"), request_of()]), timeout=TIMEOUT)]
    assert [np.frombuffer(g.vectors, "<f4").tolist() for g in got] == [[1, 1], [2, 1, 1, 1], []]


def test_an_error_ends_a_stream_with_its_code(serving, request_of):
    def embed(texts):
        raise Busy("wait")

    stream = serving(embed).channel.stream_stream("/cubeset.teacher.v1.Teacher/EmbedStream")
    assert refused(list, stream(iter([request_of("a")]), timeout=TIMEOUT)) == ("RESOURCE_EXHAUSTED", "wait")


@pytest.mark.parametrize("service", [b"", b"\x0a\x06plugin"])
def test_it_is_healthy(serving, service):
    assert serving().method("grpc.health.v1.Health/Check")(service, timeout=TIMEOUT) == wire.encode_health_serving()


def test_other_services_are_not_known(serving):
    check = serving().method("grpc.health.v1.Health/Check")
    assert refused(lambda: check(b"\x0a\x05other", timeout=TIMEOUT))[0] == "NOT_FOUND"
    other = serving().method("plugin.GRPCBroker/StartStream")
    assert refused(lambda: other(b"", timeout=TIMEOUT))[0] == "UNIMPLEMENTED"


def test_shutdown_is_heard(serving):
    client = serving()
    assert not client.servicer.stopped.is_set()
    assert client.shutdown() == b"" and client.servicer.stopped.is_set()


def test_embed_is_called_by_one_at_a_time_and_describe_meanwhile():
    waiting, inside, calls = threading.Semaphore(0), [], []

    class Lock:
        """Says who is at the door."""

        def __init__(self):
            self.lock = threading.Lock()

        def __enter__(self):
            waiting.release()
            self.lock.acquire()

        def __exit__(self, *_):
            self.lock.release()

    def embed(texts):
        inside.append(texts)
        calls.append(texts)
        if len(calls) == 1:
            for _ in range(2):
                assert waiting.acquire(timeout=TIMEOUT)  # the second call is at the door now
            assert s.description().dims == 2
        assert len(inside) == 1
        inside.pop()
        return lengths(texts)

    s = Servicer(embed, described)
    s._working = Lock()
    done = []
    threads = [threading.Thread(target=lambda: done.append(s.run(["a"]))) for _ in range(2)]
    for t in threads:
        t.start()
    for t in threads:
        t.join(TIMEOUT)
    assert len(done) == 2


def test_a_call_that_was_given_up_is_stopped(serving, request_of):
    entered, left = threading.Event(), []

    def embed(texts):
        entered.set()
        try:
            for _ in range(100 * TIMEOUT):
                check_cancelled()
                threading.Event().wait(0.01)
        except Cancelled:
            left.append(texts)
            raise
        return lengths(texts)

    client = serving(embed)
    call = client.method("cubeset.teacher.v1.Teacher/Embed").future(request_of("a"), timeout=TIMEOUT)
    assert entered.wait(TIMEOUT)
    call.cancel()
    with client.servicer._working:  # it is out
        assert left == [["a"]]


def test_outside_of_a_call_nothing_is_cancelled():
    check_cancelled()


def test_the_handshake_line(serving):
    line = serving().line
    assert (line.core, line.version, line.network, line.protocol) == ("1", "1", "unix", "grpc")
    assert "=" not in line.certificate
    base64.b64decode(line.certificate + "=" * (-len(line.certificate) % 4), validate=True)


@pytest.mark.parametrize("who", ["nobody", "a stranger", "a signer"])
def test_a_client_that_is_not_the_host_gets_nothing(serving, who):
    client = serving()
    certificate = {"nobody": None, "a stranger": make_certificate(), "a signer": signed_by_stranger()}[who]
    assert refused(Client(client.line, certificate, client.line.pem()).describe)[0] == "UNAVAILABLE"


def test_without_tls_there_is_no_answer(serving):
    with grpc.insecure_channel(f"unix:{serving().line.address}") as channel:
        call = channel.unary_unary("/cubeset.teacher.v1.Teacher/Describe")
        assert refused(lambda: call(b"", timeout=TIMEOUT))[0] == "UNAVAILABLE"


def test_a_host_notices_another_server(serving):
    client = serving()
    assert refused(Client(client.line, client.certificate, make_certificate().pem).describe)[0] == "UNAVAILABLE"


def signed_by_stranger():
    """A stranger's key under a certificate with the host's names."""
    one, two = make_certificate(), make_certificate()
    return type(one)(two.key_pem, two.pem + one.pem, two.der)
