import pytest

from ir import Graph, Interval, Node, TensorType, pixels
from ir.ops import Add, Repeat, TimeSum, TokenSum
from tests.ir.graphs import small_graph

SUM = Node("sum", TokenSum(), ("image",))


IMAGE = pixels(2, 2, 2)


def a_graph(*nodes: Node, image: TensorType = IMAGE) -> Graph:
    return Graph("g", image, nodes)


def test_types_follow_the_nodes():
    graph = small_graph(channels=6, size=5, steps=3, classes=4)
    assert graph.types["stem"].shape == (1, 6, 5, 5)
    assert graph.types["down"].shape == (3, 6, 3, 3)
    assert graph.types["attention"].shape == (3, 6, 3, 3)
    assert graph.types["counts"].interval == Interval(0, 27)
    assert graph.logits.shape == (1, 4, 1, 1)
    assert graph.classes == 4
    assert [node.name for node in graph.readers("down")] == ["down_lif", "residual"]
    assert a_graph(SUM).types["sum"].interval == Interval(0, 4 * 255)


def test_a_graph_is_frozen():
    graph = small_graph()
    with pytest.raises(TypeError):
        graph.types["more"] = graph.image
    with pytest.raises(ValueError, match="read-only"):
        graph.nodes[0].op.weight[0] = 0


@pytest.mark.parametrize(("nodes", "error", "message"), [
    ((), ValueError, "Graph 'g' has no nodes"),
    ((SUM, SUM), ValueError, "Two tensors are called 'sum'"),
    ((Node("image", TokenSum(), ("image",)),), ValueError, "Two tensors are called 'image'"),
    ((Node("a-b", TokenSum(), ("image",)),), ValueError, "'a-b' is not a plain identifier"),
    ((Node("sum", TokenSum(), ("later",)),), ValueError,
     "Node 'sum' reads 'later', which is not made before it"),
    ((Node("odd", "sum", ("image",)),), TypeError, "Node 'odd' holds str, which is no operator"),
    ((Node("sum", Add(), ("image",)),), TypeError, "Node 'sum': Add does not take 1 inputs"),
    ((SUM, Node("all", Add(), ("image", "sum"))), ValueError,
     r"Node 'all': Add takes two tensors of one shape, not \(1, 2, 2, 2\)"),
    ((SUM, Node("again", TokenSum(), ("image",))), ValueError, "Nothing reads node 'sum'"),
    ((Node("sum", TimeSum(), ("image",)),), ValueError,
     r"must end in one step of one position, not \(1, 2, 2, 2\)"),
    ((SUM, Node("held", Repeat(steps=2), ("sum",))), ValueError, "must end in one step of one"),
])
def test_what_is_no_graph(nodes, error, message):
    with pytest.raises(error, match=message):
        a_graph(*nodes)


@pytest.mark.parametrize(("activity", "message"), [
    ({"other": 0.5}, "Graph 'g' has an activity of 'other', which is no tensor of it"),
    ({"image": 1.5}, "Activity of 'image' must be 0 to 1, not 1.5"),
])
def test_activity_is_a_share_of_a_known_tensor(activity, message):
    graph = small_graph()
    with pytest.raises(ValueError, match=message):
        Graph("g", graph.image, graph.nodes, activity=activity)


def test_pixels_are_from_zero():
    image = TensorType(steps=1, channels=1, height=1, width=1, interval=Interval(-1, 255))
    with pytest.raises(ValueError, match=r"Graph 'g' takes pixels from 0, not -1\.\.255"):
        a_graph(SUM, image=image)


def test_frames_of_events_are_images_of_several_steps():
    frames = TensorType(steps=3, channels=1, height=1, width=1, interval=Interval(0, 15))
    total = Node("total", TimeSum(), ("image",))
    assert a_graph(total, image=frames).logits.interval == Interval(0, 45)
