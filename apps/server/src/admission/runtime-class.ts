import { forbidden } from '@wheelhouse/shared/errors';
import { type RuntimeClass, runtimeClassKind } from '@wheelhouse/shared/kinds/node/runtime-class';
import { equalJson } from '@wheelhouse/shared/meta/json';
import type { Pod } from 'kubernetes-types/core/v1';
import type { AdmissionPlugin } from './admission';
import { writtenPod } from './pod-attributes';

/** Gives pods the overhead and the placement of the runtime class that they name; overhead without one is refused. */
export const runtimeClass: AdmissionPlugin = {
  name: 'RuntimeClass',
  admit(attributes) {
    const written = writtenPod(attributes);
    if (!written || written.previous) return;
    const { pod } = written;
    const name = pod.spec?.runtimeClassName;
    if (name === undefined) return;
    return attributes.reader.get(runtimeClassKind, { name }).then((found) => {
      if (!found) throw refusal(attributes.refusalName, `pod rejected: RuntimeClass "${name}" not found`);
      takeOver(pod, found, attributes.refusalName);
    });
  },
  validate(attributes) {
    const written = writtenPod(attributes);
    if (!written || written.previous) return;
    const { runtimeClassName, overhead } = written.pod.spec ?? {};
    if (runtimeClassName === undefined && overhead && Object.keys(overhead).length > 0) {
      throw refusal(
        attributes.name,
        'pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead',
      );
    }
  },
};

function takeOver(pod: Pod, found: RuntimeClass, podName: string): void {
  const { spec } = pod;
  if (!spec) return;
  const overhead = found.overhead?.podFixed;
  if (overhead) {
    if (spec.overhead && !equalJson(spec.overhead, overhead)) {
      throw refusal(podName, "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead");
    }
    spec.overhead = { ...overhead };
  } else if (Object.keys(spec.overhead ?? {}).length > 0) {
    throw refusal(
      podName,
      'pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead',
    );
  }
  const { nodeSelector = {}, tolerations = [] } = found.scheduling ?? {};
  for (const [key, value] of Object.entries(nodeSelector)) {
    const asked = spec.nodeSelector?.[key];
    if (asked !== undefined && asked !== value) {
      throw refusal(
        podName,
        `conflict: runtimeClass.scheduling.nodeSelector[${key}] = ${value}; pod.spec.nodeSelector[${key}] = ${asked}`,
      );
    }
  }
  if (Object.keys(nodeSelector).length > 0) spec.nodeSelector = { ...spec.nodeSelector, ...nodeSelector };
  const added = tolerations.filter((one) => !spec.tolerations?.some((other) => equalJson(one, other)));
  if (added.length > 0) spec.tolerations = [...(spec.tolerations ?? []), ...added];
}

const refusal = (name: string, why: string) => forbidden({ group: '', kind: 'pods', name }, why);
