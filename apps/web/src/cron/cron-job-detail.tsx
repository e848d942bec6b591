'use client';
import type { FleetCronJob } from '@wheelhouse/shared/console/protocol';
import { EventsTab } from '../detail/events-tab';
import { Facts, Part } from '../detail/facts';
import { DetailFrame } from '../detail/frame';
import { keyOfRef } from '../detail/use-api-object';
import { YamlTab } from '../detail/yaml-tab';
import { useFleetComplete, useFleetObject, useFleetSet } from '../fleet/hooks';
import { historyTab } from '../history/history-tab';
import { Age } from '../ui/age';
import { ShowLink, type Shown } from '../ui/show';
import { useNow } from '../ui/use-now';
import { moment } from '../words/ages';
import { plural } from '../words/amounts';
import { RunNowButton, SuspendSwitch } from './cron-controls';
import { jobInWords, jobLook, nextRun, until } from './cron-words';

export function CronJobDetail({ shown }: { shown: Shown }) {
  const object = useFleetObject(keyOfRef(shown));
  const complete = useFleetComplete();
  const job = object?.resource === 'cronjobs' ? object : undefined;
  return (
    <DetailFrame
      shown={shown}
      gone={complete && !job}
      lead={job ? <Lead job={job} /> : '–'}
      actions={
        job ? (
          <>
            <SuspendSwitch job={job} />
            <RunNowButton job={job} />
          </>
        ) : null
      }
      tabs={[
        { id: 'overview', name: 'Overview', content: job ? <Overview job={job} /> : null },
        { id: 'events', name: 'Events', content: <EventsTab shown={shown} /> },
        historyTab(shown),
        { id: 'yaml', name: 'YAML', content: job ? <YamlTab shown={shown} /> : null, fill: true },
      ]}
    />
  );
}

function Lead({ job }: { job: FleetCronJob }) {
  const now = useNow();
  const next = nextRun(job, now);
  if (job.suspended) return <p>It is suspended: it does not run by itself.</p>;
  if (next === undefined) return <p>It has no next time that is known.</p>;
  return (
    <p>
      <b className="font-semibold text-ink">It runs {until(next, now)}</b>, at {moment(next, now)}.
    </p>
  );
}

function Overview({ job }: { job: FleetCronJob }) {
  const now = useNow();
  const jobs = useFleetSet<'jobs'>(`owner:${job.uid}`);
  return (
    <>
      <Part title="When">
        <Facts
          facts={[
            [
              'Schedule',
              <span key="schedule" className="mono">
                {job.schedule}
              </span>,
            ],
            ['Time zone', job.timeZone ?? 'UTC'],
            [
              'Next',
              job.upcoming.length === 0
                ? undefined
                : job.upcoming
                    .filter((time) => Date.parse(time) > now)
                    .slice(0, 4)
                    .map((time) => <div key={time}>{moment(Date.parse(time), now)}</div>),
            ],
            ['Last run', <Age key="last" time={job.lastRun} suffix />],
            ['Last success', <Age key="success" time={job.lastSuccess} suffix />],
          ]}
        />
      </Part>
      <Part title="Its runs" note={plural(jobs.length, 'job')}>
        {[...jobs].reverse().map((each) => (
          <ShowLink
            key={each.uid}
            to={{ resource: 'jobs', namespace: each.namespace, name: each.name }}
            className="-mx-2 grid grid-cols-[18px_minmax(0,1fr)_auto] items-center gap-2.5 rounded-lg px-2 py-1.5 text-[13px] hover:bg-(--wash)"
          >
            <i className="tile [--tile:15px]" data-look={jobLook(each)} aria-hidden="true" />
            <span className="truncate">{jobInWords(each)}</span>
            <span className="text-[12.5px] text-ink-3">
              <Age time={each.created} />
            </span>
          </ShowLink>
        ))}
        {jobs.length === 0 ? <p className="text-[13px] text-ink-3">None yet.</p> : null}
      </Part>
    </>
  );
}
