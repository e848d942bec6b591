import type { FleetEvent } from '@wheelhouse/shared/console/protocol';
import { schedulingInWords } from './scheduling-words';

/** An event as the end of a sentence that began with the name of what it is about. */
export function eventInWords({ reason, message, about }: FleetEvent): string {
  switch (reason) {
    case 'Scheduled': {
      const node = / to (\S+)$/.exec(message)?.[1];
      return node ? `goes to ${node}` : 'has a node';
    }
    case 'FailedScheduling':
      return `is waiting for a node: ${lower(schedulingInWords(message))}`;
    case 'Pulling':
      return 'is getting its image';
    case 'Pulled':
      return 'has its image';
    case 'Created':
      return 'has its container made';
    case 'Started':
      return 'has its container running';
    case 'Killing':
      return 'is being stopped';
    case 'BackOff':
      return /image/i.test(message)
        ? 'waits before trying to get its image again'
        : 'crashed and waits before starting again';
    case 'Unhealthy':
      return `does not answer its check: ${message}`;
    case 'SuccessfulCreate':
      return `made ${lastWord(message)}`;
    case 'SuccessfulDelete':
      return `removed ${lastWord(message)}`;
    case 'ScalingReplicaSet':
      return lower(message);
    case 'NodeReady':
      return 'is ready';
    case 'NodeNotReady':
      return about.kind === 'Node' ? 'is not ready' : 'is on a node that is not ready';
    default:
      return message ? lower(message) : reason;
  }
}

const lastWord = (text: string) => text.trim().split(/\s+/).at(-1) ?? '';

/** As the middle of a sentence; what begins with an acronym or a name stays as it is. */
const lower = (text: string) =>
  /^[A-Z][a-z]/.test(text) ? text.charAt(0).toLowerCase() + text.slice(1) : text;
