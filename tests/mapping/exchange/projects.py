"""A small Wekinator project, file by file, in the shape that Wekinator writes."""

import json

import numpy as np

INPUTS = ("x", "hand height")


def numeric(name, low=0.0, high=1.0, kind="REAL", limit="SOFT"):
    return (
        f"<wekimini.osc.OSCNumericOutput><name>{name}</name><min>{low}</min><max>{high}</max>"
        f"<outputType>{kind}</outputType><limitType>{limit}</limitType>"
        "<trainingDataLimitRestriction>DONT_ENFORCE_LIMITS</trainingDataLimitRestriction>"
        "</wekimini.osc.OSCNumericOutput>"
    )


CLASSIFIER = (
    "<wekimini.osc.OSCClassificationOutput><name>pose</name><numClasses>3</numClasses>"
    "<isSendingDistribution>false</isSendingDistribution></wekimini.osc.OSCClassificationOutput>"
)
GESTURES = (
    "<wekimini.osc.OSCDtwOutput><name>waves</name><numGestures>2</numGestures></wekimini.osc.OSCDtwOutput>"
)


def recordings(gestures):
    """What Wekinator serialises of recorded gestures, as far as it is read: lists of examples of points."""

    def series(tag, path):
        points = "".join(
            "<com.timeseries.TimeSeriesPoint><measurements>"
            + "".join(f"<double>{value!r}</double>" for value in point)
            + "</measurements><hashCode>7</hashCode></com.timeseries.TimeSeriesPoint>"
            for point in path
        )
        return f"<{tag}><labels><string>Time</string></labels><tsArray>{points}</tsArray></{tag}>"

    lists = "".join(
        "<linked-list>"
        + "".join(
            f"<wekimini.learning.dtw.DtwExample>{series('timeSeries', path)}"
            f"{series('downsampledTimeSeries', path[::2])}<gestureClass>{number}</gestureClass><id>1</id>"
            "</wekimini.learning.dtw.DtwExample>"
            for path in paths
        )
        + "</linked-list>"
        for number, paths in enumerate(gestures)
    )
    return (
        f"<DtwModel><gestureName>waves</gestureName><data><numGestures>2</numGestures><allExamples>{lists}"
        "</allExamples><examplesForIds/></data></DtwModel>"
    ).encode()


ARFF = """@relation dataset

@attribute ID numeric
@attribute Time date 'yyyy/MM/dd HH:mm:ss:SSS'
@attribute 'Training round' numeric
@attribute x numeric
@attribute 'hand height' numeric
@attribute pitch numeric
@attribute pose {0,1,2,3}

@data
1,'2026/11/21 16:00:00:123',1,10,0.5,0.25,1
2,'2026/11/21 16:00:01:123',1,200.5,0.75,0.5,?
3,'2026/11/21 16:00:02:123',2,320,-1e-1,?,2
4,'2026/11/21 16:00:03:123',2,640,0.125,1,3
5,'2026/11/21 16:00:04:123',3,40,0.9,0.75,1
"""


def files(outputs=None, arff=ARFF):
    body = "".join(outputs or [numeric("pitch"), CLASSIFIER])
    names = "".join(f"<string>{one}</string>" for one in INPUTS)
    return {
        "mine.wekproj": b'<?xml version="1.0"?>\n<WekinatorFileData>\n<oscReceivePort>6449</oscReceivePort>'
        b"  <projectName>My &amp; project</projectName>\n</WekinatorFileData>",
        "inputConfig.xml": (
            '<?xml version="1.0"?>\n<OSCInputGroup><oscMessage>/wek/inputs</oscMessage>'
            "<numInputs>2</numInputs>"
            f"<groupName>Inputs</groupName><inputNames>{names}</inputNames></OSCInputGroup>"
        ).encode(),
        "outputConfig.xml": (
            '<?xml version="1.0"?>\n<OSCOutputGroup><oscMessage>/wek/outputs</oscMessage>'
            "<hostName>localhost</hostName><outputPort>12001</outputPort>"
            f'<outputs class="linked-list">{body}</outputs></OSCOutputGroup>'
        ).encode(),
        "current/currentData.arff": arff.encode(),
    }


def network(seed, names=INPUTS, layers=1, units=2):
    """One model as modelSetDescription.json describes it, and the function it stands for."""
    rng = np.random.default_rng(seed)
    nodes = [{"name": "Linear Node 0", "Threshold": rng.normal()}]
    for unit in range(units):
        nodes[0][f"Node {(layers - 1) * units + unit + 1}"] = rng.normal()
    for layer in range(layers):
        before = [f"Attrib {n}" for n in names] if not layer else [f"Node {i + 1}" for i in range(units)]
        for unit in range(units):
            node = {"name": f"Sigmoid Node {layer * units + unit + 1}", "Threshold": rng.normal()}
            nodes.append(node | {key: rng.normal() for key in before})
    model = {
        "modelType": "Neural Network",
        "numInputs": len(names),
        "inputNames": list(names),
        "numHiddenLayers": layers,
        "numHiddenNodes": units,
        "inBases": rng.uniform(0, 300, len(names)).tolist(),
        "inRanges": rng.uniform(1, 300, len(names)).tolist(),
        "outBase": rng.normal(),
        "outRange": 0.5,
        "nodes": nodes,
    }

    def run(x):
        by_name = {node["name"]: node for node in nodes}
        heard = {
            f"Attrib {name}": (value - base) / reach
            for name, value, base, reach in zip(names, x, model["inBases"], model["inRanges"], strict=True)
        }
        for number in range(1, layers * units + 1):
            node = by_name[f"Sigmoid Node {number}"]
            total = node["Threshold"] + sum(heard[k] * w for k, w in node.items() if k in heard)
            heard[f"Node {number}"] = 1.0 / (1.0 + np.exp(-total))
        last = by_name["Linear Node 0"]
        total = last["Threshold"] + sum(heard[k] * w for k, w in last.items() if k in heard)
        return total * model["outRange"] + model["outBase"]

    return model, run


def description(models):
    """Two documents, as after two saves: the first is stale."""
    stale = json.dumps({"metadata": {}, "modelSet": []})
    return (stale + "\n" + json.dumps({"metadata": {"creator": "x"}, "modelSet": models}, indent=2)).encode()
