import type { Container, Pod, PodSpec, Volume } from 'kubernetes-types/core/v1';
import type { Api, PatchType } from './api';
import type { Images } from './images';
import { type Kinds, pathOf, type Resource, type Stored } from './resources';
import type { DeleteOptions, List, Scale } from './wire';

export interface Ran {
  readonly pod: Stored<Pod>;
  readonly log: string;
}

/** One namespace of the API (or the cluster-wide kinds, without one), and what tests do in it. */
export class Space {
  constructor(
    readonly api: Api,
    /** Undefined for kinds without a namespace. */
    readonly name: string | undefined,
  ) {}

  path(resource: Resource, ...rest: string[]): string {
    return pathOf(resource, this.name, ...rest);
  }

  get<R extends Resource>(resource: R, ...name: [string, ...string[]]): Promise<Stored<Kinds[R]>> {
    return this.api.json(this.path(resource, ...name));
  }

  async list<R extends Resource>(resource: R, query = ''): Promise<Stored<Kinds[R]>[]> {
    const { items } = await this.api.json<List<Stored<Kinds[R]>>>(`${this.path(resource)}${query}`);
    return items;
  }

  create<R extends Resource>(resource: R, object: Kinds[R]): Promise<Stored<Kinds[R]>> {
    return this.api.json(this.path(resource), { method: 'POST', body: object });
  }

  /** Reads, changes and writes again until nobody was faster. */
  async change<R extends Resource>(
    resource: R,
    name: string,
    edit: (object: Stored<Kinds[R]>) => void,
  ): Promise<Stored<Kinds[R]>> {
    for (;;) {
      const object = await this.get(resource, name);
      edit(object);
      const answer = await this.api.send(this.path(resource, name), { method: 'PUT', body: object });
      const body = await answer.text();
      if (answer.ok) return JSON.parse(body);
      if (answer.status !== 409) throw new Error(`${answer.status}: ${body}`);
    }
  }

  patch<R extends Resource>(
    resource: R,
    name: string,
    body: unknown,
    options: { type?: PatchType; sub?: string } = {},
  ): Promise<Stored<Kinds[R]>> {
    const path = this.path(resource, name, ...(options.sub ? [options.sub] : []));
    return this.api.patch(path, body, options.type ?? 'merge');
  }

  remove(resource: Resource, name: string, options: DeleteOptions = {}): Promise<unknown> {
    return this.api.json(this.path(resource, name), { method: 'DELETE', body: options });
  }

  removeAll(resource: Resource, query = ''): Promise<unknown> {
    return this.api.json(`${this.path(resource)}${query}`, { method: 'DELETE' });
  }

  scale(resource: Resource, name: string, replicas: number): Promise<Scale> {
    return this.api.patch(this.path(resource, name, 'scale'), { spec: { replicas } });
  }

  /** Watches one object until it is as wanted; the failure shows its last state. */
  async until<R extends Resource>(
    resource: R,
    name: string,
    wanted: (object: Stored<Kinds[R]>) => unknown,
    seconds = 60,
  ): Promise<Stored<Kinds[R]>> {
    const path = `${this.path(resource)}?fieldSelector=metadata.name%3D${name}`;
    let last: Stored<Kinds[R]> | undefined;
    for await (const { type, object } of this.api.watch<Stored<Kinds[R]>>(path, seconds)) {
      last = object;
      if ((type === 'ADDED' || type === 'MODIFIED') && wanted(object)) return object;
    }
    const state = JSON.stringify(last && 'status' in last ? last.status : last);
    throw new Error(`${resource} ${name} not as wanted within ${seconds} s (${wanted}): ${state}`);
  }

  /** Looks at a collection until it is as wanted; `query` selects. */
  async untilList<R extends Resource>(
    resource: R,
    query: string,
    wanted: (items: Stored<Kinds[R]>[]) => unknown,
    seconds = 60,
  ): Promise<Stored<Kinds[R]>[]> {
    const deadline = Date.now() + seconds * 1000;
    for (;;) {
      const items = await this.list(resource, query);
      if (wanted(items)) return items;
      if (Date.now() > deadline) {
        const seen = items.map(
          (item) => `${item.metadata.name} ${JSON.stringify('status' in item && item.status)}`,
        );
        throw new Error(
          `${resource}${query} not as wanted within ${seconds} s (${wanted}): ${seen.join('\n')}`,
        );
      }
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }

  untilGone(resource: Resource, name: string, seconds = 60): Promise<unknown> {
    return this.untilList(
      resource,
      `?fieldSelector=metadata.name%3D${name}`,
      (items) => items.length === 0,
      seconds,
    );
  }

  /** Creates a pod and waits until its containers are ready. */
  async start(pod: Pod, seconds = 60): Promise<Stored<Pod>> {
    const { metadata } = await this.create('pods', pod);
    return this.until('pods', metadata.name, isReady, seconds);
  }

  /** Creates a pod that ends by itself, waits for that, and reads what it said. */
  async run(pod: Pod, seconds = 60): Promise<Ran> {
    const { metadata } = await this.create('pods', pod);
    const ended = await this.until(
      'pods',
      metadata.name,
      ({ status }) => status?.phase === 'Succeeded' || status?.phase === 'Failed',
      seconds,
    );
    return { pod: ended, log: await this.log(metadata.name, pod.spec?.containers[0]?.name) };
  }

  log(pod: string, container?: string): Promise<string> {
    return this.api.text(`${this.path('pods', pod, 'log')}${container ? `?container=${container}` : ''}`);
  }

  /** Runs a shell command in a container; rejects when it fails. */
  async exec(pod: string, command: string, container?: string): Promise<string> {
    const query = new URLSearchParams({ stdout: 'true', stderr: 'true' });
    if (container) query.set('container', container);
    for (const part of ['sh', '-c', command]) query.append('command', part);
    const path = `${this.path('pods', pod, 'exec')}?${query}`;
    const messages = await this.api.socket(path, 'v4.channel.k8s.io');
    const channel = (number: number) =>
      Buffer.concat(
        messages.filter(([first]) => first === number).map((data) => data.subarray(1)),
      ).toString();
    const { status, message } = JSON.parse(channel(3) || '{}');
    if (status !== 'Success') throw new Error(`${command}: ${message ?? 'no status'} ${channel(2)}`);
    return channel(1);
  }
}

/** Repeats an assertion until it holds; fails as it fails at the end. */
export async function settled(assertion: () => Promise<void>, seconds = 30): Promise<void> {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    try {
      return await assertion();
    } catch (error) {
      if (Date.now() > deadline) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

export const isReady = (pod: Pod): boolean =>
  pod.metadata?.deletionTimestamp === undefined &&
  (pod.status?.conditions ?? []).some(({ type, status }) => type === 'Ready' && status === 'True');

/** The UID of the controller that a pod belongs to. */
export const ownerOf = ({ metadata }: Pod): string | undefined =>
  metadata?.ownerReferences?.find(({ controller }) => controller)?.uid;

export interface PodOptions {
  readonly labels?: Record<string, string>;
  readonly annotations?: Record<string, string>;
  readonly volumes?: Volume[];
  readonly container?: Partial<Container>;
  readonly spec?: Partial<PodSpec>;
}

/** Makes pods of an image; they end without a grace to wait for. */
export const podsOf = ({ busybox: image, server }: Images) => ({
  image,
  /** A container that runs a shell script. */
  container: (script: string, extra: Partial<Container> = {}): Container => ({
    name: 'main',
    image,
    imagePullPolicy: 'Never',
    command: ['sh', '-c', script],
    ...extra,
  }),
  /** A pod that runs a shell script once. */
  once(name: string, script: string, options: PodOptions = {}): Pod {
    return this.pod(name, script, { ...options, spec: { restartPolicy: 'Never', ...options.spec } });
  },
  /** A pod that runs a shell script and again when it ends. */
  pod(name: string, script: string, { labels, annotations, volumes, container, spec }: PodOptions = {}): Pod {
    return {
      metadata: { name, ...(labels ? { labels } : {}), ...(annotations ? { annotations } : {}) },
      spec: {
        terminationGracePeriodSeconds: 0,
        automountServiceAccountToken: false,
        containers: [this.container(script, container)],
        ...(volumes ? { volumes } : {}),
        ...spec,
      },
    };
  },
  /** A pod that only is there. */
  idle(name: string, options: PodOptions = {}): Pod {
    return this.pod(name, 'exec sleep 1000000', options);
  },
  /** A pod that answers over HTTP and UDP on port 8080, for what the small one below cannot do. */
  peer(name: string, options: PodOptions = {}): Pod {
    return this.pod(name, 'exec node /server.mjs', {
      ...options,
      container: { image: server, readinessProbe: httpReadiness, ...options.container },
    });
  },
  /** A pod that answers over HTTP on port 8080. */
  server(name: string, options: PodOptions = {}): Pod {
    return this.pod(name, serve, {
      ...options,
      container: { ports: [{ containerPort: 8080 }], readinessProbe: httpReadiness, ...options.container },
    });
  },
});

export type Pods = ReturnType<typeof podsOf>;

/** Serves the image's `/www`, where `/cgi-bin/hostname` says which pod answers. */
export const serve = 'exec httpd -f -p 8080 -h /www';
export const httpReadiness = { httpGet: { path: '/healthz', port: 8080 }, periodSeconds: 1 };
