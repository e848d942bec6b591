import type { PodSpec } from 'kubernetes-types/core/v1';
import { type FieldError, forbidden, notSupported, required } from '../../../meta/field-error';

const SYSTEMS = ['linux', 'windows'];

/** What a pod must not ask for on the system that it is for, or without the users of the host. */
export function validateSystem(spec: PodSpec, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (spec.hostUsers === false) {
    for (const [field, name] of [
      ['hostNetwork', 'hostNetwork'],
      ['hostPID', 'HostPID'],
      ['hostIPC', 'HostIPC'],
    ] as const) {
      if (spec[field]) errors.push(forbidden(`${path}.${name}`, 'when `pod.Spec.HostUsers` is false'));
    }
  }
  if (!spec.os) return errors;
  const { name } = spec.os;
  if (!name) return [...errors, required(`${path}.os.name`, 'cannot be empty')];
  if (!SYSTEMS.includes(name)) return [...errors, notSupported(`${path}.os.name`, name, SYSTEMS)];
  const refuse = (field: string) =>
    errors.push(
      name === 'linux'
        ? forbidden(`${path}.${field}`, 'windows options cannot be set for a linux pod')
        : forbidden(`${path}.${field}`, 'cannot be set for a windows pod'),
    );
  const places: [string, object | undefined][] = [
    ['securityContext', spec.securityContext],
    ...(['initContainers', 'containers', 'ephemeralContainers'] as const).flatMap((list) =>
      (spec[list] ?? []).map(({ securityContext }, i): [string, object | undefined] => [
        `${list}[${i}].securityContext`,
        securityContext,
      ]),
    ),
  ];
  for (const [place, context = {}] of places) {
    for (const field of Object.keys(context)) {
      if (
        (field === 'windowsOptions') === (name === 'linux') &&
        (name === 'linux' || field !== 'runAsNonRoot')
      ) {
        refuse(`${place}.${field}`);
      }
    }
  }
  if (name === 'windows') {
    for (const field of ['hostUsers', 'shareProcessNamespace'] as const) {
      if (spec[field] !== undefined) refuse(field);
    }
    for (const field of ['hostPID', 'hostIPC'] as const) if (spec[field]) refuse(field);
  }
  return errors;
}
