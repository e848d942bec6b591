import { StartupError } from '../startup-error';
import type { AdmissionPlugin } from './admission';

/**
 * The order in which Kubernetes runs its plugins: what completes objects before what judges them, programs outside
 * after what is built in, quotas last, so that only what nobody refuses is charged. Plugins of our own that are not
 * listed run before those outside.
 */
const ORDER = [
  'NamespaceLifecycle',
  'LimitRanger',
  'ServiceAccount',
  'NodeRestriction',
  'TaintNodesByCondition',
  'PodSecurity',
  'Priority',
  'DefaultTolerationSeconds',
  'DefaultStorageClass',
  'StorageObjectInUseProtection',
  'PersistentVolumeClaimResize',
  'RuntimeClass',
  'CertificateApproval',
  'CertificateSigning',
  'CertificateSubjectRestriction',
  'DefaultIngressClass',
  '*',
  'MutatingAdmissionWebhook',
  'ValidatingAdmissionPolicy',
  'ValidatingAdmissionWebhook',
  'ResourceQuota',
];

export interface PluginChoice {
  /** Names that have to run; all do unless they are disabled. */
  readonly enabled?: readonly string[];
  readonly disabled?: readonly string[];
}

/** The plugins that run, in order. Throws StartupError for names that no plugin has, or that are in both lists. */
export function choosePlugins(
  plugins: readonly AdmissionPlugin[],
  { enabled = [], disabled = [] }: PluginChoice = {},
): readonly AdmissionPlugin[] {
  const names = new Set(plugins.map(({ name }) => name));
  for (const [flag, list] of [
    ['--enable-admission-plugins', enabled],
    ['--disable-admission-plugins', disabled],
  ] as const) {
    const unknown = list.find((name) => !names.has(name));
    if (unknown !== undefined) {
      throw new StartupError(
        `${flag}: there is no plugin ${unknown}; there are ${[...names].sort().join(', ')}`,
      );
    }
  }
  const both = enabled.find((name) => disabled.includes(name));
  if (both !== undefined) throw new StartupError(`the admission plugin ${both} is both enabled and disabled`);
  const rank = ({ name }: AdmissionPlugin) => {
    const at = ORDER.indexOf(name);
    return at < 0 ? ORDER.indexOf('*') : at;
  };
  return plugins.filter(({ name }) => !disabled.includes(name)).sort((a, b) => rank(a) - rank(b));
}
