"""The work of `benchmark client-work`, done with Python's kubernetes client: takes the same arguments, prints the same figures."""

import argparse
import ctypes
import gc
import time

from kubernetes import client, config
from kubernetes.dynamic import DynamicClient
from kubernetes.dynamic.resource import Resource
from kubernetes.watch import Watch

METADATA = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json"


class Stopwatch:
    def __init__(self):
        self.start()

    def start(self):
        self.wall, self.cpu = time.perf_counter(), time.process_time()

    def microseconds(self, count):
        wall, cpu = time.perf_counter() - self.wall, time.process_time() - self.cpu
        return f"{wall / count * 1e6} {cpu / count * 1e6}"


def get(options):
    config.load_kube_config(options.kubeconfig)
    core = client.CoreV1Api()
    watch = Stopwatch()
    for number in range(options.warm_up + options.count):
        if number == options.warm_up:
            watch.start()
        core.read_namespaced_config_map("small", "bench-client")
    print(watch.microseconds(options.count))


def api_client(options):
    configuration = client.Configuration(host=options.server)
    api = client.ApiClient(configuration)
    if options.form == "metadata":
        api.set_default_header("Accept", METADATA)
    return api


def picked(deployment):
    """What a program keeps that follows a rollout, taken from the parsed JSON: the least that Python can do."""
    metadata, status = deployment["metadata"], deployment.get("status", {})
    return {
        "metadata": {name: metadata.get(name) for name in ("name", "namespace", "uid", "resourceVersion")},
        "spec": {"replicas": deployment["spec"].get("replicas")},
        "status": {
            **{
                name: status.get(name)
                for name in ("observedGeneration", "replicas", "updatedReplicas", "readyReplicas", "availableReplicas")
            },
            "conditions": [
                {name: condition.get(name) for name in ("type", "status", "message")}
                for condition in status.get("conditions", ())
            ],
        },
    }


def events(options, namespace):
    """Yields each event's object in the form that was asked for, without end."""
    api = api_client(options)
    apps = client.AppsV1Api(api)
    if options.form == "typed":
        for event in Watch().stream(apps.list_namespaced_deployment, namespace):
            yield event["object"]
    elif options.form == "metadata":
        # There is no model of PartialObjectMetadata. Of those that need nothing but metadata a ConfigMap's is the smallest.
        for event in Watch(return_type="V1ConfigMap").stream(apps.list_namespaced_deployment, namespace):
            yield event["object"]
    elif options.form == "dynamic":
        # Discovery is left out: it is done once and is no part of this.
        dynamic = DynamicClient(api, discoverer=lambda client, cache_file: None)
        deployments = Resource(
            prefix="apis", group="apps", api_version="v1", kind="Deployment", namespaced=True,
            verbs=["get", "list", "watch"], name="deployments", client=dynamic)
        for event in dynamic.watch(deployments, namespace=namespace):
            yield event["object"]
    else:
        for event in Watch().stream(apps.list_namespaced_deployment, namespace, deserialize=False):
            yield picked(event["object"])


def watch(options):
    watch = Stopwatch()
    for number, _ in enumerate(events(options, "changes")):
        if number + 1 == options.warm_up:
            watch.start()
        if number + 1 == options.warm_up + options.count:
            print(watch.microseconds(options.count))
            return


def anonymous_bytes():
    """What this process alone holds, once what is free has been given back."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    with open("/proc/self/status") as status:
        for line in status:
            if line.startswith("RssAnon:"):
                return int(line.split()[1]) * 1024
    raise SystemExit("/proc/self/status tells no RssAnon")


def cache(options):
    # What a first use of the client loads and keeps is not the objects'.
    for number, _ in enumerate(events(options, "changes")):
        if number == options.warm_up:
            break
    before = anonymous_bytes()
    objects = {}
    for number, item in enumerate(events(options, "objects"), 1):
        metadata = item["metadata"] if isinstance(item, dict) else item.metadata
        name = metadata["name"] if isinstance(metadata, dict) else metadata.name
        objects["shop", name] = item
        if number == options.count:
            break
    del item, metadata
    assert len(objects) == options.count
    print((anonymous_bytes() - before) / options.count)


parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("work", choices=["get", "watch", "cache"])
parser.add_argument("--kubeconfig")
parser.add_argument("--server")
parser.add_argument("--form", choices=["typed", "dynamic", "metadata", "selected"], default="typed")
parser.add_argument("--count", type=int, required=True)
parser.add_argument("--warm-up", type=int, default=300)
options = parser.parse_args()
{"get": get, "watch": watch, "cache": cache}[options.work](options)
