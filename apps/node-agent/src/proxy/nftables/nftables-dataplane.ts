import { spawn } from 'node:child_process';
import type { Backend, Dataplane, RuleProblem, ServiceRule } from '../dataplane';
import { backendKey } from '../service-rules';
import { renderRuleset } from './render';

export interface NftablesOptions {
  /** Name of the table that this dataplane owns alone. */
  readonly table: string;
  readonly servesClusterIps: boolean;
  readonly nodePortAddresses: readonly string[];
  readonly onProblem: (problem: RuleProblem) => void;
}

/**
 * Forwards in the kernel: one nftables table that is replaced as a whole. As fast as the kernel routes; needs
 * CAP_NET_ADMIN. A backend that refuses is not passed over: that takes the userspace dataplane.
 */
export class NftablesDataplane implements Dataplane {
  readonly name = 'nftables';
  readonly #options: NftablesOptions;
  #loaded: string | undefined;
  #rules: readonly ServiceRule[] = [];

  constructor(options: NftablesOptions) {
    this.#options = options;
  }

  async apply(rules: readonly ServiceRule[]): Promise<void> {
    const ruleset = renderRuleset(rules, this.#options);
    if (ruleset === this.#loaded) return;
    await run('nft', ['-f', '-'], ruleset);
    this.#loaded = ruleset;
    const stale = this.#removedUdpBackends(rules);
    this.#rules = rules;
    for (const { rule, backend } of stale) await this.#forgetFlows(rule, backend);
  }

  async close(): Promise<void> {
    if (this.#loaded === undefined) return;
    this.#loaded = undefined;
    await run('nft', ['delete', 'table', 'ip', this.#options.table]);
  }

  #removedUdpBackends(next: readonly ServiceRule[]): { rule: ServiceRule; backend: Backend }[] {
    const kept = new Map(
      next.map((rule) => [rule.id, new Set([...rule.backends, ...rule.externalBackends].map(backendKey))]),
    );
    return this.#rules
      .filter((rule) => rule.protocol === 'UDP')
      .flatMap((rule) =>
        rule.backends
          .filter((backend) => !kept.get(rule.id)?.has(backendKey(backend)))
          .map((backend) => ({ rule, backend })),
      );
  }

  /** UDP has no end of a connection: the kernel would keep sending a flow to a backend that is gone. */
  async #forgetFlows(rule: ServiceRule, backend: Backend): Promise<void> {
    const selection = [
      '--proto',
      'udp',
      '--reply-src',
      backend.address,
      '--reply-port-src',
      String(backend.port),
    ];
    await run('conntrack', ['--delete', ...selection]).catch((error: Error) => {
      // conntrack exits with 1 when there was no such flow.
      if (/0 flow entries/.test(error.message)) return;
      this.#options.onProblem({
        ruleId: rule.id,
        message: `flows to ${backendKey(backend)} may linger up to two minutes: ${error.message}`,
      });
    });
  }
}

/** Runs a program with `input`; rejects with what it wrote to standard error. */
function run(command: string, args: readonly string[], input = ''): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['pipe', 'ignore', 'pipe'] });
    let complaint = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      complaint += text;
    });
    child.on('error', (error) => reject(new Error(`${command} could not be run: ${error.message}`)));
    child.on('close', (code) =>
      code === 0
        ? resolve()
        : reject(new Error(`${command} failed (exit code ${code}): ${complaint.trim().slice(0, 2000)}`)),
    );
    // A program that ends early closes its input; its exit code tells why.
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
  });
}
