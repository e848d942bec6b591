import { defineConfig } from 'prisma/config';

// Generating the client needs no engine; naming an existing program keeps Prisma from fetching one.
process.env.PRISMA_SCHEMA_ENGINE_BINARY ??= process.execPath;

export default defineConfig({
  schema: 'prisma/schema.prisma',
  migrations: { path: 'prisma/migrations' },
});
