import { isIPv4, isIPv6 } from 'node:net';
import { apiError, badRequest, serviceUnavailable } from '@wheelhouse/shared/errors';
import type { Pod, Service } from 'kubernetes-types/core/v1';
import type { Endpoint, EndpointSlice } from 'kubernetes-types/discovery/v1';

/** What a proxied name means: `name`, `name:port` or `scheme:name:port`. */
export interface ProxyName {
  readonly scheme: 'http' | 'https';
  readonly name: string;
  /** A number or a port's name, '' for the default. */
  readonly port: string;
}

/** Takes the name of a proxy request apart. Throws BadRequest. */
export function parseProxyName(text: string, kind: 'pod' | 'service' | 'node'): ProxyName {
  const parts = text.split(':');
  const [scheme = '', name = '', port = ''] =
    parts.length === 1 ? ['', ...parts] : parts.length === 2 ? ['', ...parts] : parts;
  if (parts.length > 3 || name === '' || !['', 'http', 'https'].includes(scheme))
    throw badRequest(`invalid ${kind} request ${JSON.stringify(text)}`);
  return { scheme: scheme === 'https' ? 'https' : 'http', name, port };
}

/** The port of a pod that is meant: as given, by its name, else the first that a container declares. */
export function podPort(pod: Pod, { scheme, port }: ProxyName): number {
  const declared = (pod.spec?.containers ?? []).flatMap(({ ports }) => ports ?? []);
  if (port === '') return declared[0]?.containerPort ?? (scheme === 'https' ? 443 : 80);
  const named = declared.find(({ name }) => name === port)?.containerPort;
  return named ?? portNumber(port);
}

export interface ServiceBackend {
  readonly address: string;
  readonly port: number;
  /** The pod behind it, by which its node can be asked to connect. */
  readonly pod?: { readonly namespace: string; readonly name: string; readonly nodeName: string };
}

/**
 * All that may answer for a service's port; a port is asked for by name or number, '' means the one without a name.
 * Throws ServiceUnavailable when there are none.
 */
export function serviceBackends(
  service: Service,
  slices: readonly EndpointSlice[],
  { port }: ProxyName,
): ServiceBackend[] {
  const name = service.metadata?.name ?? '';
  const portName = servicePortName(service, port);
  const backends = slices.flatMap(({ endpoints, ports }) => {
    const target = (ports ?? []).find((candidate) => (candidate.name ?? '') === portName)?.port;
    if (target === undefined) return [];
    return endpoints.flatMap((endpoint) => backendsOf(endpoint, target, service.metadata?.namespace ?? ''));
  });
  if (backends.length === 0)
    throw serviceUnavailable(`no endpoints available for service ${JSON.stringify(name)}`);
  return backends;
}

function servicePortName(service: Service, port: string): string {
  if (!/^\d+$/.test(port)) return port;
  const found = service.spec?.ports?.find((candidate) => candidate.port === Number(port));
  if (found) return found.name ?? '';
  throw serviceUnavailable(
    `no service port ${port} found for service ${JSON.stringify(service.metadata?.name ?? '')}`,
  );
}

function backendsOf(endpoint: Endpoint, port: number, namespace: string): ServiceBackend[] {
  if (endpoint.conditions?.ready === false) return [];
  const { targetRef, nodeName } = endpoint;
  const pod =
    targetRef?.kind === 'Pod' && targetRef.name && nodeName
      ? { namespace: targetRef.namespace ?? namespace, name: targetRef.name, nodeName }
      : undefined;
  return endpoint.addresses.map((address) => ({ address, port, ...(pod ? { pod } : {}) }));
}

export function portNumber(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port < 1 || port > 65_535)
    throw badRequest(`invalid port ${JSON.stringify(text.slice(0, 64))}`);
  return port;
}

/** An endpoint that somebody wrote by hand must not lead to the server's own machine or its neighbours on the link. */
export function requireProxyable(address: string): void {
  const allowed = isIPv4(address)
    ? !/^(0\.|127\.|169\.254\.|22[4-9]\.|23\d\.)/.test(address) && address !== '255.255.255.255'
    : isIPv6(address) && !/^(::1?$|::ffff:|fe[89ab]|ff)/i.test(address);
  if (!allowed) throw apiError('BadRequest', 'address not allowed');
}
