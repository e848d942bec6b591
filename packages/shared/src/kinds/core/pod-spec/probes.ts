import type { Lifecycle, LifecycleHandler, Probe } from 'kubernetes-types/core/v1';
import {
  complaints,
  type FieldError,
  forbidden,
  invalidValue,
  nonNegative,
  notSupported,
  required,
} from '../../../meta/field-error';
import { portName, portNumber } from '../../../meta/names';

/** A port by number or by a container port's name. */
export function validatePortReference(port: number | string | undefined, field: string): FieldError[] {
  if (typeof port === 'string') return complaints(field, port, portName(port));
  return complaints(field, port ?? 0, portNumber(port ?? 0));
}

type Handler = Pick<Probe, 'exec' | 'httpGet' | 'tcpSocket' | 'grpc'> & Pick<LifecycleHandler, 'sleep'>;

function validateHandler(handler: Handler, path: string, grace?: number): FieldError[] {
  const errors: FieldError[] = [];
  let count = 0;
  const once = (name: string, check: () => FieldError[]) => {
    if (count++ > 0) errors.push(forbidden(`${path}.${name}`, 'may not specify more than 1 handler type'));
    else errors.push(...check());
  };
  const { exec, httpGet, tcpSocket, grpc, sleep } = handler;
  if (exec) once('exec', () => (exec.command?.length ? [] : [required(`${path}.exec.command`)]));
  if (httpGet) {
    once('httpGet', () => {
      const field = `${path}.httpGet`;
      return [
        ...(httpGet.path ? [] : [required(`${field}.path`)]),
        ...validatePortReference(httpGet.port, `${field}.port`),
        ...(httpGet.scheme === 'HTTP' || httpGet.scheme === 'HTTPS'
          ? []
          : [notSupported(`${field}.scheme`, httpGet.scheme, ['HTTP', 'HTTPS'])]),
        ...(httpGet.httpHeaders ?? []).flatMap((header) =>
          /^[-A-Za-z0-9]+$/.test(header.name ?? '')
            ? []
            : [
                invalidValue(
                  `${field}.httpHeaders`,
                  header.name,
                  "a valid HTTP header must consist of alphanumeric characters or '-' (e.g. 'X-Header-Name', regex used for validation is '[-A-Za-z0-9]+')",
                ),
              ],
        ),
      ];
    });
  }
  if (tcpSocket) once('tcpSocket', () => validatePortReference(tcpSocket.port, `${path}.tcpSocket.port`));
  if (grpc) once('grpc', () => complaints(`${path}.grpc.port`, grpc.port ?? 0, portNumber(grpc.port ?? 0)));
  if (sleep) {
    once('sleep', () =>
      grace !== undefined && (sleep.seconds < 0 || sleep.seconds > grace)
        ? [
            invalidValue(
              `${path}.sleep`,
              sleep.seconds,
              `must be non-negative and less than terminationGracePeriodSeconds (${grace})`,
            ),
          ]
        : [],
    );
  }
  if (count === 0) errors.push(required(path, 'must specify a handler type'));
  return errors;
}

export function validateProbe(probe: Probe | undefined, path: string, isReadiness: boolean): FieldError[] {
  if (!probe) return [];
  const errors = validateHandler(probe, path);
  for (const name of [
    'initialDelaySeconds',
    'timeoutSeconds',
    'periodSeconds',
    'successThreshold',
    'failureThreshold',
  ] as const) {
    errors.push(...nonNegative(`${path}.${name}`, probe[name]));
  }
  if (!isReadiness && probe.successThreshold !== 1 && (probe.successThreshold ?? 1) >= 0) {
    errors.push(invalidValue(`${path}.successThreshold`, probe.successThreshold, 'must be 1'));
  }
  const grace = probe.terminationGracePeriodSeconds;
  if (grace !== undefined) {
    if (isReadiness) {
      errors.push(
        invalidValue(`${path}.terminationGracePeriodSeconds`, grace, 'must not be set for readinessProbes'),
      );
    } else if (grace <= 0) {
      errors.push(invalidValue(`${path}.terminationGracePeriodSeconds`, grace, 'must be greater than 0'));
    }
  }
  return errors;
}

/** `grace`: the time that the pod has to end; a nap must fit into it. */
export function validateLifecycle(
  lifecycle: Lifecycle | undefined,
  path: string,
  grace: number | undefined,
): FieldError[] {
  return (['postStart', 'preStop'] as const).flatMap((name) => {
    const handler = lifecycle?.[name];
    return handler ? validateHandler(handler, `${path}.${name}`, grace) : [];
  });
}
