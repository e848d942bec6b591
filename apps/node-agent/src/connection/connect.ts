import { once } from 'node:events';
import { AGENT_PROTOCOL, type AgentSettings, CLOSE_REPLACED } from '@wheelhouse/shared/agent/protocol';
import type { Clock } from '@wheelhouse/shared/clock';
import type { Logger } from 'pino';
import type { WebSocket } from 'ws';
import type { TunnelServer } from '../tunnel/serve-tunnel';
import { greet } from './agent-socket';
import { type NodeCredential, renewalTime } from './credential-store';
import { isPermanent } from './errors';
import { type RegisterOptions, renewCredential } from './register';

const FIRST_DELAY_MS = 200;
const MAX_DELAY_MS = 15_000;
/** A server that says no may change its mind (an admin fixes it), but not within seconds. */
const REFUSED_DELAY_MS = 30_000;

export type ConnectionState =
  | { readonly state: 'connecting'; readonly attempt: number; readonly lastError?: string }
  | { readonly state: 'connected'; readonly since: Date }
  | { readonly state: 'stopped' };

export interface AgentConnectionOptions extends RegisterOptions {
  readonly credential: NodeCredential;
  readonly tunnel: TunnelServer;
  readonly clock: Clock;
  readonly log: Logger;
  /** 0 ≤ x < 1; spreads the agents that come back after a server restart. */
  readonly random?: () => number;
  readonly onState?: (state: ConnectionState) => void;
  /** After a renewal: whoever holds the certificate (the API client) takes the new one. */
  readonly onCredential?: (credential: NodeCredential) => void;
  readonly onSettings?: (settings: AgentSettings) => void;
}

/** Keeps the tunnel to the server open: reconnects with back-off for ever, renews the certificate in time. */
export class AgentConnection {
  #credential: NodeCredential;
  #state: ConnectionState = { state: 'connecting', attempt: 0 };
  readonly #abort = new AbortController();
  #running: Promise<void> | undefined;

  constructor(private readonly options: AgentConnectionOptions) {
    this.#credential = options.credential;
  }

  get state(): ConnectionState {
    return this.#state;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** Closes the tunnel and waits until nothing of it runs any more. */
  async stop(): Promise<void> {
    this.#abort.abort();
    await this.#running;
    this.#setState({ state: 'stopped' });
  }

  async #run(): Promise<void> {
    const { signal } = this.#abort;
    const { log } = this.options;
    let attempt = 0;
    while (!signal.aborted) {
      let delay: number;
      try {
        const code = await this.#session();
        attempt = 0;
        this.#setState({ state: 'connecting', attempt });
        if (!signal.aborted) log.warn({ code }, 'the connection to the server was lost');
        delay = code === CLOSE_REPLACED ? REFUSED_DELAY_MS : this.#backOff(attempt++);
      } catch (error) {
        if (signal.aborted) break;
        const lastError = error instanceof Error ? error.message : String(error);
        this.#setState({ state: 'connecting', attempt, lastError });
        log.warn({ attempt, reason: lastError }, 'the server cannot be reached');
        delay = isPermanent(error) ? REFUSED_DELAY_MS : this.#backOff(attempt++);
      }
      await this.#sleep(delay);
    }
  }

  /** One connection from its greeting to its end; resolves with the close code. */
  async #session(): Promise<number> {
    const { serverUrl, nodeName, agentVersion, tunnel, clock, onSettings, store, log } = this.options;
    const { signal } = this.#abort;
    await this.#renewIfDue();
    const hello = { type: 'connect', protocol: AGENT_PROTOCOL, nodeName, agentVersion } as const;
    const opened = await greet(
      { serverUrl, credential: this.#credential, hello, signal },
      (answer, socket) => {
        if (answer.type !== 'connected') throw new Error('the server did not open the tunnel');
        tunnel.serve(socket);
        return { socket, settings: answer.settings, closed: once(socket, 'close') };
      },
    );
    const { socket, settings, closed } = opened;
    const hangUp = () => goodbye(socket, clock);
    signal.addEventListener('abort', hangUp);
    const cancelRenewal = this.#scheduleRenewal();
    try {
      if (signal.aborted) hangUp();
      this.#setState({ state: 'connected', since: clock.now() });
      log.info({ server: serverUrl.host }, 'connected to the server');
      onSettings?.(settings);
      await store.saveSettings(settings);
      const [code] = await closed;
      return code;
    } finally {
      signal.removeEventListener('abort', hangUp);
      cancelRenewal();
    }
  }

  async #renewIfDue(): Promise<void> {
    if (renewalTime(this.#credential.certificate) > this.options.clock.now()) return;
    this.#credential = await renewCredential(
      { ...this.options, signal: this.#abort.signal },
      this.#credential,
    );
    this.options.log.info('the node certificate was renewed');
    this.options.onCredential?.(this.#credential);
  }

  /** While connected the certificate is looked at once a day; timers longer than 24 days do not exist. */
  #scheduleRenewal(): () => void {
    const { clock, log } = this.options;
    const day = 86_400_000;
    let cancel = clock.after(day, check.bind(this));
    function check(this: AgentConnection) {
      this.#renewIfDue().catch((error: unknown) => {
        if (!this.#abort.signal.aborted) log.warn({ err: error }, 'renewing the node certificate failed');
      });
      cancel = clock.after(day, check.bind(this));
    }
    return () => cancel();
  }

  #backOff(attempt: number): number {
    const random = this.options.random ?? Math.random;
    return Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** attempt) * (0.5 + random() / 2);
  }

  #sleep(ms: number): Promise<void> {
    const { signal } = this.#abort;
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = () => {
        cancel();
        signal.removeEventListener('abort', wake);
        resolve();
      };
      const cancel = this.options.clock.after(ms, wake);
      signal.addEventListener('abort', wake);
    });
  }

  #setState(state: ConnectionState): void {
    this.#state = state;
    this.options.onState?.(state);
  }
}

/** Says goodbye, and cuts the line when the server does not answer that soon. */
function goodbye(socket: WebSocket, clock: Clock): void {
  socket.close(1000);
  const cancel = clock.after(1_000, () => socket.terminate());
  socket.once('close', cancel);
}
