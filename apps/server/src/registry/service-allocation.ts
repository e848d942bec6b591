import { randomInt } from 'node:crypto';
import type { Clock } from '@wheelhouse/shared/clock';
import { internalError, invalid } from '@wheelhouse/shared/errors';
import type { KubeObject } from '@wheelhouse/shared/meta/object';
import type { Service } from 'kubernetes-types/core/v1';
import { nthAddress, parseCidr } from '../cluster/addresses';
import type { Logger } from '../component';
import type { Store } from '../store/store';
import { Claims, type Taking } from './claims';
import type { Reservation, StorageHook } from './request-context';
import { validateConfiguredFamilies } from './service-families';

/** A claim without a service is given back when it is older: its creation has failed half-way. */
const ABANDONED_MS = 120_000;

export interface ServiceRanges {
  readonly serviceCidr: string;
  readonly nodePorts: readonly [number, number];
}

/** What one request takes, and from where. */
interface Attempt {
  readonly addresses: Taking;
  readonly ports: Taking;
  readonly taken: { readonly claims: Taking; readonly name: string }[];
}

/** Gives services their cluster addresses and node ports, and takes them back. */
export class ServiceAllocator implements StorageHook {
  readonly #addresses: Claims;
  readonly #ports: Claims;
  readonly #size: number;
  readonly #base: number;

  constructor(
    store: Store,
    private readonly ranges: ServiceRanges,
    private readonly clock: Clock,
  ) {
    this.#addresses = new Claims('serviceips', store, clock);
    this.#ports = new Claims('servicenodeports', store, clock);
    const { base, bits } = parseCidr(ranges.serviceCidr);
    this.#base = base;
    this.#size = 2 ** (32 - bits);
  }

  async reserve(next: KubeObject, previous: KubeObject | undefined, dryRun: boolean): Promise<Reservation> {
    // The hook is registered for services alone.
    const service = next as Service;
    const before = previous as Service | undefined;
    const unknown = validateConfiguredFamilies(service, before);
    if (unknown.length > 0) throw invalid(identifierOf(service), unknown);
    const attempt: Attempt = {
      addresses: dryRun ? this.#addresses.dry() : this.#addresses,
      ports: dryRun ? this.#ports.dry() : this.#ports,
      taken: [],
    };
    const uid = service.metadata?.uid ?? '';
    const rollback = async () => {
      for (const { claims, name } of attempt.taken.splice(0)) await claims.release(name, uid);
    };
    try {
      await this.#reserveAddress(service, before, attempt);
      await this.#reservePorts(service, before, attempt);
      await this.#reserveHealthPort(service, before, attempt);
    } catch (error) {
      await rollback();
      throw error;
    }
    return {
      rollback,
      commit: async () => {
        if (dryRun || !before) return;
        const kept = new Set(namesOf(service));
        for (const [claims, name] of this.#held(before)) if (!kept.has(name)) await claims.release(name, uid);
      },
    };
  }

  async removed(object: KubeObject): Promise<void> {
    const service = object as Service;
    for (const [claims, name] of this.#held(service)) await claims.release(name, service.metadata?.uid ?? '');
  }

  #held(service: Service): [Claims, string][] {
    const address = addressOf(service);
    return [
      ...(address ? [[this.#addresses, address] satisfies [Claims, string]] : []),
      ...portsOf(service).map((port): [Claims, string] => [this.#ports, String(port)]),
    ];
  }

  async #reserveAddress(service: Service, before: Service | undefined, { addresses, taken }: Attempt) {
    const { spec } = service;
    if (!spec) return;
    if (spec.type === 'ExternalName') return;
    if (spec.clusterIP === 'None') {
      spec.clusterIPs ??= ['None'];
      return;
    }
    const { holder, uid } = identityOf(service);
    const wanted = spec.clusterIP;
    if (wanted) {
      spec.clusterIPs ??= [wanted];
      if (before && addressOf(before) === wanted) return;
      const refusal = !this.#inRange(wanted)
        ? `provided IP is not in the valid range. The range of valid IPs is ${this.ranges.serviceCidr}`
        : (await addresses.take(wanted, holder, uid))
          ? undefined
          : 'provided IP is already allocated';
      if (refusal) {
        throw refuse(
          service,
          'spec.clusterIPs',
          `[]string{${JSON.stringify(wanted)}}`,
          `failed to allocate IP ${wanted}: ${refusal}`,
        );
      }
      taken.push({ claims: addresses, name: wanted });
      return;
    }
    // Addresses that users ask for by number tend to be low ones: random ones come from above that band.
    const band = Math.min(Math.max(16, Math.floor(this.#size / 16)), 256);
    const first = this.#size > band + 2 ? band : 1;
    const address = await claimFree(addresses, { first, last: this.#size - 2, fallback: 1 }, service, (n) =>
      nthAddress(this.ranges.serviceCidr, n),
    );
    if (address === undefined) throw internalError(`no address is left in ${this.ranges.serviceCidr}`);
    taken.push({ claims: addresses, name: address });
    spec.clusterIP = address;
    spec.clusterIPs = [address];
    spec.ipFamilies ??= ['IPv4'];
    spec.ipFamilyPolicy ??= 'SingleStack';
  }

  async #reservePorts(service: Service, before: Service | undefined, attempt: Attempt) {
    const { spec } = service;
    if (!spec || (spec.type !== 'NodePort' && spec.type !== 'LoadBalancer')) return;
    if (spec.type === 'LoadBalancer' && spec.allocateLoadBalancerNodePorts === false) return;
    const mine = new Set(before ? portsOf(before) : []);
    // Ports that are asked for come first, so that a random choice cannot take them.
    for (const [i, { nodePort }] of (spec.ports ?? []).entries()) {
      if (!nodePort || mine.has(nodePort)) continue;
      await this.#takePort(service, { field: `spec.ports[${i}].nodePort`, port: nodePort }, attempt);
      mine.add(nodePort);
    }
    for (const port of spec.ports ?? []) port.nodePort ||= await this.#choosePort(service, attempt);
  }

  /** Where balancers ask whether a node has pods of the service; also without node ports for its traffic. */
  async #reserveHealthPort(service: Service, before: Service | undefined, attempt: Attempt) {
    const { spec } = service;
    if (spec?.type !== 'LoadBalancer' || spec.externalTrafficPolicy !== 'Local') return;
    const held = before?.spec?.healthCheckNodePort;
    spec.healthCheckNodePort ||= held || (await this.#choosePort(service, attempt));
    const port = spec.healthCheckNodePort;
    if (port === held || attempt.taken.some(({ name }) => name === String(port))) return;
    await this.#takePort(service, { field: 'spec.healthCheckNodePort', port }, attempt);
  }

  /** A port that the user asks for. */
  async #takePort(
    service: Service,
    { field, port }: { readonly field: string; readonly port: number },
    { ports, taken }: Attempt,
  ): Promise<void> {
    const [first, last] = this.ranges.nodePorts;
    const { holder, uid } = identityOf(service);
    const name = String(port);
    if (port < first || port > last) {
      const why = `provided port is not in the valid range. The range of valid ports is ${first}-${last}`;
      throw refuse(service, field, name, why);
    }
    if (!(await ports.take(name, holder, uid))) {
      throw refuse(service, field, name, 'provided port is already allocated');
    }
    taken.push({ claims: ports, name });
  }

  async #choosePort(service: Service, { ports, taken }: Attempt): Promise<number> {
    const [first, last] = this.ranges.nodePorts;
    const name = await claimFree(ports, { first, last, fallback: first }, service, String);
    if (name === undefined) throw internalError(`no node port is left in ${first}-${last}`);
    taken.push({ claims: ports, name });
    return Number(name);
  }

  #inRange(address: string): boolean {
    const value = address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
    // The first and the last address of a range are nobody's.
    return value > this.#base && value < this.#base + this.#size - 1;
  }

  /** Gives back what no service holds, and claims what services hold: after a crash, or a restored backup. */
  async repair(services: readonly Service[], log: Logger): Promise<void> {
    const held = new Map<Claims, Map<string, Service>>([
      [this.#addresses, new Map()],
      [this.#ports, new Map()],
    ]);
    for (const service of services)
      for (const [claims, name] of this.#held(service)) held.get(claims)?.set(name, service);
    const now = this.clock.now().getTime();
    for (const [claims, names] of held) {
      const claimed = await claims.all();
      for (const [name, { uid, since }] of claimed) {
        if (names.get(name)?.metadata?.uid === uid || now - since < ABANDONED_MS) continue;
        log.info({ name }, 'giving back an address or port that no service holds');
        await claims.release(name, uid);
      }
      for (const [name, service] of names) {
        if (claimed.get(name)?.uid === service.metadata?.uid) continue;
        const { holder, uid } = identityOf(service);
        if (!(await claims.take(name, holder, uid))) {
          log.warn({ name, service: holder }, 'two services hold the same address or port');
        }
      }
    }
  }
}

const RANDOM_TRIES = 16;

/** A free name of the range: at random while that is likely to succeed, then the first that is free. */
async function claimFree(
  claims: Taking,
  range: { readonly first: number; readonly last: number; readonly fallback: number },
  service: Service,
  nameOf: (n: number) => string,
): Promise<string | undefined> {
  const { holder, uid } = identityOf(service);
  for (let i = 0; i < RANDOM_TRIES; i++) {
    const name = nameOf(randomInt(range.first, range.last + 1));
    if (await claims.take(name, holder, uid)) return name;
  }
  const claimed = await claims.all();
  for (let n = range.fallback; n <= range.last; n++) {
    const name = nameOf(n);
    if (!claimed.has(name) && (await claims.take(name, holder, uid))) return name;
  }
  return undefined;
}

function identityOf(service: Service): { holder: string; uid: string } {
  const { namespace = '', name = '', uid = '' } = service.metadata ?? {};
  return { holder: `${namespace}/${name}`, uid };
}

function addressOf(service: Service): string | undefined {
  const { clusterIP, type } = service.spec ?? {};
  return clusterIP && clusterIP !== 'None' && type !== 'ExternalName' ? clusterIP : undefined;
}

function portsOf(service: Service): number[] {
  const { ports, healthCheckNodePort } = service.spec ?? {};
  const found = (ports ?? []).flatMap(({ nodePort }) => (nodePort ? [nodePort] : []));
  return healthCheckNodePort ? [...found, healthCheckNodePort] : found;
}

function namesOf(service: Service): string[] {
  const address = addressOf(service);
  return [...(address ? [address] : []), ...portsOf(service).map(String)];
}

function refuse(service: Service, field: string, value: string, why: string) {
  return invalid(identifierOf(service), [
    { reason: 'FieldValueInvalid', field, message: `Invalid value: ${value}: ${why}` },
  ]);
}

function identifierOf(service: Service) {
  return { kind: 'Service', name: service.metadata?.name ?? '' };
}
