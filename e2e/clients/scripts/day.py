"""A day with Debian's python3-kubernetes: prints one JSON object of what it saw. Arguments: namespace, image."""

import json
import sys
import threading

from kubernetes import client, config, watch
from kubernetes.client.rest import ApiException
from kubernetes.dynamic import DynamicClient
from kubernetes.stream import stream

namespace, image = sys.argv[1:]
config.load_kube_config()
core = client.CoreV1Api()
seen = {}


def status_of(call, *arguments):
    """The code that a refused call answers."""
    try:
        call(*arguments)
    except ApiException as error:
        return error.status
    return None


def config_map(name, **data):
    return client.V1ConfigMap(metadata=client.V1ObjectMeta(name=name, labels={"by": "python"}), data=data)


# Objects, and what is refused.
core.create_namespace(client.V1Namespace(metadata=client.V1ObjectMeta(name=namespace)))
first = core.create_namespaced_config_map(namespace, config_map("one", a="1"))
second = core.patch_namespaced_config_map("one", namespace, {"data": {"b": "2"}})
seen["merged"] = second.data
seen["conflict"] = status_of(core.replace_namespaced_config_map, "one", namespace, first)
seen["twice"] = status_of(core.create_namespaced_config_map, namespace, config_map("one"))
seen["missing"] = status_of(core.read_namespaced_config_map, "none", namespace)
seen["json patch"] = core.patch_namespaced_config_map(
    "one", namespace, [{"op": "remove", "path": "/data/a"}]
).data
seen["selected"] = len(core.list_namespaced_config_map(namespace, label_selector="by=python").items)

# A watch from the revision of a list sees what comes after it, and nothing else.
start = core.list_namespaced_config_map(namespace).metadata.resource_version


def change():
    core.create_namespaced_config_map(namespace, config_map("two", a="1"))
    core.delete_namespaced_config_map("two", namespace)


events = []
writer = threading.Thread(target=change)
watcher = watch.Watch()
writer.start()
for event in watcher.stream(
    core.list_namespaced_config_map, namespace, resource_version=start, timeout_seconds=60
):
    events.append([event["type"], event["object"].metadata.name])
    if event["type"] == "DELETED":
        watcher.stop()
writer.join()
seen["events"] = events

# Kinds that users define, through the generic and the dynamic client.
group = "python.example"
client.ApiextensionsV1Api().create_custom_resource_definition(
    {
        "metadata": {"name": f"snakes.{group}"},
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"plural": "snakes", "kind": "Snake"},
            "versions": [
                {
                    "name": "v1",
                    "served": True,
                    "storage": True,
                    "schema": {
                        "openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
                    },
                }
            ],
        },
    }
)
for event in watch.Watch().stream(
    client.ApiextensionsV1Api().list_custom_resource_definition,
    field_selector=f"metadata.name=snakes.{group}",
    timeout_seconds=60,
):
    conditions = (event["object"].status and event["object"].status.conditions) or []
    if any(condition.type == "Established" and condition.status == "True" for condition in conditions):
        break
custom = client.CustomObjectsApi()
snake = {"apiVersion": f"{group}/v1", "kind": "Snake", "metadata": {"name": "kaa"}, "length": 3}
custom.create_namespaced_custom_object(group, "v1", namespace, "snakes", snake)
patched = custom.patch_namespaced_custom_object(group, "v1", namespace, "snakes", "kaa", {"length": 9})
seen["custom"] = patched["length"]
snakes = DynamicClient(client.ApiClient()).resources.get(api_version=f"{group}/v1", kind="Snake")
# As text: this version sends objects as JSON types alone.
body = json.dumps({**snake, "skin": "brown", "length": 9})
applied = snakes.server_side_apply(body=body, namespace=namespace, name="kaa", field_manager="python")
seen["applied"] = applied.skin
snakes.delete(name="kaa", namespace=namespace)
seen["left"] = len(snakes.get(namespace=namespace).items)

# A pod: its life by a watch, exec over a WebSocket, its log.
core.create_namespaced_pod(
    namespace,
    client.V1Pod(
        metadata=client.V1ObjectMeta(name="box"),
        spec=client.V1PodSpec(
            termination_grace_period_seconds=1,
            containers=[
                client.V1Container(
                    name="box",
                    image=image,
                    image_pull_policy="Never",
                    command=["sh", "-c", "echo started; sleep 3600"],
                )
            ],
        ),
    ),
)
for event in watch.Watch().stream(core.list_namespaced_pod, namespace, timeout_seconds=120):
    if event["object"].status.phase == "Running":
        break
shell = stream(
    core.connect_get_namespaced_pod_exec,
    "box",
    namespace,
    command=["sh", "-c", "read line; echo heard $line; echo trouble >&2; exit 5"],
    stdin=True,
    stdout=True,
    stderr=True,
    tty=False,
    _preload_content=False,
)
shell.write_stdin("you\n")
shell.run_forever(timeout=60)
seen["exec"] = [shell.read_stdout(), shell.read_stderr(), shell.returncode]
for line in watch.Watch().stream(core.read_namespaced_pod_log, "box", namespace):
    seen["log"] = line
    break
core.delete_namespaced_pod("box", namespace)
core.delete_namespace(namespace)
print(json.dumps(seen))
