// Property tests try new cases wherever people work. CI tries the same ones every time, so that a commit which has
// passed does not fail later by what chance finds; WHEELHOUSE_TEST_SEED chooses others, or repeats a run.
import fc from 'fast-check';

const { CI, WHEELHOUSE_TEST_SEED } = process.env;
const seed = WHEELHOUSE_TEST_SEED ?? (CI === 'true' ? '20261128' : undefined);
if (seed !== undefined) fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: Number(seed) });
