import type { NodeInfo } from '../snapshot/node-info';
import type { PodInfo } from '../snapshot/pod-info';
import type {
  BindPlugin,
  Cycle,
  ExtensionPoint,
  FilterPlugin,
  PermitPlugin,
  Plugin,
  PluginIdentity,
  PostBindPlugin,
  PostFilterPlugin,
  PreBindPlugin,
  PreEnqueuePlugin,
  PreFilterPlugin,
  PreScorePlugin,
  Profile,
  ReservePlugin,
  ScorePlugin,
} from './plugin';
import type { Rejection } from './rejection';

type Filter = PluginIdentity & FilterPlugin & Partial<PreFilterPlugin>;
type Score = PluginIdentity & ScorePlugin & Partial<PreScorePlugin>;

/** A filter that has something to check in this cycle, with the state its pre-filter made. */
export interface ActiveFilter {
  readonly plugin: Filter;
  readonly state: unknown;
}

export interface ActiveScore {
  readonly plugin: Score;
  readonly weight: number;
  readonly state: unknown;
}

/** What the pre-filters of one cycle found. */
export type Prepared =
  | {
      readonly kind: 'check';
      readonly filters: readonly ActiveFilter[];
      /** When set, only these nodes are worth a look; the others are refused for this reason. */
      readonly onlyNodes?: {
        readonly names: ReadonlySet<string>;
        readonly rejection: Rejection;
        readonly by: string;
      };
    }
  | { readonly kind: 'reject'; readonly rejection: Rejection; readonly by: string };

/** A refusal with the plugin that spoke it. */
export interface Refusal {
  readonly plugin: Filter;
  readonly state: unknown;
  readonly rejection: Rejection;
}

/** One profile's plugins, sorted by extension point. Stateless: one instance serves decisions and previews. */
export class Framework {
  readonly schedulerName: string;
  readonly filters: readonly Filter[];
  readonly postFilters: readonly (PluginIdentity & PostFilterPlugin)[];
  readonly scores: readonly { readonly plugin: Score; readonly weight: number }[];
  readonly reserves: readonly (PluginIdentity & ReservePlugin)[];
  readonly permits: readonly (PluginIdentity & PermitPlugin)[];
  readonly preBinds: readonly (PluginIdentity & PreBindPlugin)[];
  readonly binds: readonly (PluginIdentity & BindPlugin)[];
  readonly postBinds: readonly (PluginIdentity & PostBindPlugin)[];
  readonly preEnqueues: readonly (PluginIdentity & PreEnqueuePlugin)[];
  readonly percentageOfNodesToScore: number;
  readonly #onlyPreFilters: readonly (PluginIdentity & PreFilterPlugin)[];

  /** Throws when two plugins share a name or a filter lacks its scope: a mistake of whoever configured it. */
  constructor(profile: Profile) {
    this.schedulerName = profile.schedulerName;
    this.percentageOfNodesToScore = profile.percentageOfNodesToScore ?? 0;
    const names = new Set(profile.plugins.map(({ plugin }) => plugin.name));
    if (names.size !== profile.plugins.length) {
      throw new Error(`profile ${profile.schedulerName} has a plugin twice`);
    }
    const at = (point: ExtensionPoint): Plugin[] =>
      profile.plugins.flatMap(({ plugin, except }) => (except?.has(point) ? [] : [plugin]));
    this.filters = at('filter').filter(isFilter);
    this.#onlyPreFilters = at('preFilter').filter(
      (plugin): plugin is Plugin & PreFilterPlugin => !!plugin.preFilter && plugin.filter === undefined,
    );
    this.preEnqueues = at('preEnqueue').filter(
      (plugin): plugin is Plugin & PreEnqueuePlugin => !!plugin.preEnqueue,
    );
    this.postFilters = at('postFilter').filter(
      (plugin): plugin is Plugin & PostFilterPlugin => !!plugin.postFilter,
    );
    this.scores = profile.plugins.flatMap(({ plugin, weight, except }) =>
      isScore(plugin) && !except?.has('score') ? [{ plugin, weight: weight ?? 1 }] : [],
    );
    this.reserves = at('reserve').filter(
      (plugin): plugin is Plugin & ReservePlugin => !!plugin.reserve && !!plugin.unreserve,
    );
    this.permits = at('permit').filter((plugin): plugin is Plugin & PermitPlugin => !!plugin.permit);
    this.preBinds = at('preBind').filter((plugin): plugin is Plugin & PreBindPlugin => !!plugin.preBind);
    this.binds = at('bind').filter((plugin): plugin is Plugin & BindPlugin => !!plugin.bind);
    this.postBinds = at('postBind').filter((plugin): plugin is Plugin & PostBindPlugin => !!plugin.postBind);
  }

  /** Why the pod may not even queue; undefined lets it in. */
  heldBack(pod: PodInfo): string | undefined {
    for (const plugin of this.preEnqueues) {
      const reason = plugin.preEnqueue(pod);
      if (reason !== undefined) return reason;
    }
    return undefined;
  }

  /** The filter plugin of that name. */
  filter(name: string): Filter | undefined {
    return this.filters.find((plugin) => plugin.name === name);
  }

  /** Runs the pre-filters. */
  prepare(cycle: Cycle): Prepared {
    const filters: ActiveFilter[] = [];
    let onlyNodes: Extract<Prepared, { kind: 'check' }>['onlyNodes'];
    for (const plugin of [...this.#onlyPreFilters, ...this.filters]) {
      const result = plugin.preFilter?.(cycle) ?? CHECK;
      if (result.kind === 'reject') return { kind: 'reject', rejection: result.rejection, by: plugin.name };
      if (result.kind === 'skip') continue;
      if (isFilter(plugin)) filters.push({ plugin, state: result.state });
      if (result.onlyNodes) {
        const { names, rejection } = result.onlyNodes;
        const before = onlyNodes?.names;
        const narrowed = before ? new Set([...names].filter((name) => before.has(name))) : names;
        onlyNodes = { names: narrowed, rejection, by: plugin.name };
      }
    }
    return { kind: 'check', filters, ...(onlyNodes ? { onlyNodes } : {}) };
  }

  /** Runs the pre-scores over the nodes that fit. */
  prepareScores(cycle: Cycle, nodes: readonly NodeInfo[]): ActiveScore[] {
    const active: ActiveScore[] = [];
    for (const { plugin, weight } of this.scores) {
      const result = plugin.preScore?.(cycle, nodes) ?? SCORE;
      if (result.kind === 'score') active.push({ plugin, weight, state: result.state });
    }
    return active;
  }
}

const CHECK = { kind: 'check', state: undefined, onlyNodes: undefined } as const;
const SCORE = { kind: 'score', state: undefined } as const;

function isFilter(plugin: Plugin | (PluginIdentity & Partial<FilterPlugin>)): plugin is Filter {
  return plugin.filter !== undefined && plugin.scope !== undefined && plugin.retryOn !== undefined;
}

function isScore(plugin: Plugin): plugin is Plugin & Score {
  return plugin.score !== undefined;
}

/** The first refusal, or undefined when the node passes every filter. */
export function firstRefusal(
  cycle: Cycle,
  node: NodeInfo,
  filters: readonly ActiveFilter[],
): { filter: ActiveFilter; rejection: Rejection } | undefined {
  for (const filter of filters) {
    const rejection = filter.plugin.filter(cycle, node, filter.state);
    if (rejection) return { filter, rejection };
  }
  return undefined;
}

/** Every plugin's refusal of the node; for explanations, where one reason hides no other. */
export function allRefusals(cycle: Cycle, node: NodeInfo, filters: readonly ActiveFilter[]): Refusal[] {
  return filters.flatMap(({ plugin, state }) => {
    const rejection = plugin.filter(cycle, node, state);
    return rejection ? [{ plugin, state, rejection }] : [];
  });
}
