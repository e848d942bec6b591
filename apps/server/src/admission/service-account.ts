import type { AdmissionPlugin } from './admission';
import { writtenPod } from './pod-attributes';

/**
 * Gives every pod a service account: `default` unless it names one. A replacement that leaves the name out keeps it.
 * The account itself may come later (a controller makes `default` just after its namespace); no token is mounted.
 */
export const serviceAccount: AdmissionPlugin = {
  name: 'ServiceAccount',
  admit(attributes) {
    const written = writtenPod(attributes);
    const spec = written?.pod.spec;
    if (!spec) return;
    const kept = written.previous ? written.previous.spec?.serviceAccountName : 'default';
    const name = spec.serviceAccountName || spec.serviceAccount || kept;
    if (!name) return;
    spec.serviceAccountName = name;
    // The deprecated field carries the same value; old clients read it.
    spec.serviceAccount = name;
  },
};
