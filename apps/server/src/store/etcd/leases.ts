import { type LeaseId, LeaseNotFoundError, type LeaseStore, StoreUnavailableError } from '../store';
import { type EtcdConnection, isLeaseMissing } from './connection';

const RENEWAL_TIMEOUT_MS = 5000;
const LEASE_ID = /^-?\d{1,19}$/;

export function etcdLeases(connection: EtcdConnection): LeaseStore {
  return {
    async grantLease(ttlSeconds) {
      const lease = await connection.once((calls, deadline) =>
        calls.leaseClient.leaseGrant({ TTL: Math.ceil(ttlSeconds) }, { deadline }),
      );
      return lease.ID;
    },
    async renewLease(id) {
      checkId(id);
      if ((await renew(connection, id)) === 0) throw missing(id);
    },
    async revokeLease(id) {
      checkId(id);
      try {
        await connection.once((calls, deadline) => calls.leaseClient.leaseRevoke({ ID: id }, { deadline }));
      } catch (error) {
        throw isLeaseMissing(error) ? missing(id) : error;
      }
    },
  };
}

function checkId(id: LeaseId): void {
  if (!LEASE_ID.test(id)) throw missing(id);
}

function missing(id: LeaseId): LeaseNotFoundError {
  return new LeaseNotFoundError(`lease ${id} does not exist`);
}

/** The new time to live in seconds; 0: no such lease. */
function renew(connection: EtcdConnection, id: LeaseId): Promise<number> {
  return connection.once(async (calls) => {
    const stream = await calls.leaseClient.leaseKeepAlive();
    return new Promise<number>((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new StoreUnavailableError(`${connection.name} did not answer a lease renewal`));
        stream.cancel();
      }, RENEWAL_TIMEOUT_MS);
      stream.on('data', ({ TTL }) => {
        clearTimeout(timer);
        resolve(Number(TTL));
        stream.end();
      });
      stream.on('error', (error) => {
        clearTimeout(timer);
        reject(error);
      });
      stream.write({ ID: id });
    });
  });
}
