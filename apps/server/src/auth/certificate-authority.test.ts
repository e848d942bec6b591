import { X509Certificate } from 'node:crypto';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@wheelhouse/shared/clock';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { certificateFingerprint, openCertificateAuthority } from './certificate-authority';
import { ensureServerCertificate, serverNames } from './server-certificate';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'wheelhouse-ca-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

describe('certificate authority', () => {
  it('is created once and keeps its identity, with its key readable by the owner alone', async () => {
    const first = await openCertificateAuthority(join(directory, 'pki'), systemClock);
    const second = await openCertificateAuthority(join(directory, 'pki'), systemClock);
    expect(second.certificate).toBe(first.certificate);
    expect(first.fingerprint).toBe(certificateFingerprint(new X509Certificate(first.certificate).raw));
    expect((await stat(join(directory, 'pki', 'ca.key'))).mode & 0o777).toBe(0o600);
    expect((await stat(join(directory, 'pki'))).mode & 0o777).toBe(0o700);
  });

  it('refuses to replace a CA whose key was lost', async () => {
    await writeFile(join(directory, 'ca.crt'), 'whatever');
    await expect(openCertificateAuthority(directory, systemClock)).rejects.toThrow(/ca\.key is missing/);
  });

  it('forces the subject of client certificates and refuses broken requests', async () => {
    const authority = await openCertificateAuthority(directory, systemClock);
    const pair = await authority.issueClient({ user: 'system:node:a', groups: ['system:nodes'] }, 1);
    const certificate = new X509Certificate(pair.certificate);
    expect(certificate.subject).toBe('O=system:nodes\nCN=system:node:a');
    expect(certificate.verify(new X509Certificate(authority.certificate).publicKey)).toBe(true);
    await expect(authority.signClient('no PEM', { user: 'x', groups: [] }, 1)).rejects.toMatchObject({
      code: 400,
    });
  });
});

describe('server certificate', () => {
  it('is kept while its names are the same and re-issued when they change', async () => {
    const authority = await openCertificateAuthority(directory, systemClock);
    const names = serverNames({ serviceIp: '10.96.0.1', clusterDomain: 'cluster.local' });
    const options = { directory, clock: systemClock };
    const first = await ensureServerCertificate(authority, { ...options, names });
    expect((await ensureServerCertificate(authority, { ...options, names })).certificate).toBe(
      first.certificate,
    );
    const more = await ensureServerCertificate(authority, {
      ...options,
      names: [...names, 'api.example.org'],
    });
    expect(more.certificate).not.toBe(first.certificate);
    expect(new X509Certificate(more.certificate).checkHost('api.example.org')).toBe('api.example.org');
    expect(new X509Certificate(more.certificate).checkIP('10.96.0.1')).toBe('10.96.0.1');
  });

  it('is re-issued when it would soon end', async () => {
    const authority = await openCertificateAuthority(directory, systemClock);
    const names = ['localhost'];
    const first = await ensureServerCertificate(authority, { directory, names, clock: systemClock });
    const later = { ...systemClock, now: () => new Date(Date.now() + 320 * 86_400_000) };
    const second = await ensureServerCertificate(authority, { directory, names, clock: later });
    expect(second.certificate).not.toBe(first.certificate);
  });
});
