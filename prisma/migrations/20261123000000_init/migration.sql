-- CreateTable
CREATE TABLE "audit_entries" (
    "sequence" BIGSERIAL NOT NULL,
    "id" TEXT NOT NULL,
    "time" TIMESTAMPTZ(3) NOT NULL,
    "user_name" TEXT NOT NULL,
    "user_groups" TEXT[],
    "impersonated_by" TEXT,
    "verb" TEXT NOT NULL,
    "api_group" TEXT NOT NULL,
    "api_version" TEXT NOT NULL,
    "resource" TEXT NOT NULL,
    "subresource" TEXT,
    "namespace" TEXT,
    "name" TEXT NOT NULL,
    "uid" TEXT,
    "before" JSONB,
    "after" JSONB,
    "response_code" INTEGER NOT NULL,
    "response_status" JSONB,
    "resource_version" TEXT,
    "source_ip" TEXT,
    "user_agent" TEXT,

    CONSTRAINT "audit_entries_pkey" PRIMARY KEY ("sequence")
);

-- CreateIndex
CREATE UNIQUE INDEX "audit_entries_id_key" ON "audit_entries"("id");

-- CreateIndex
CREATE INDEX "audit_entries_object" ON "audit_entries"("api_group", "resource", "namespace", "name", "sequence" DESC);

-- CreateIndex
CREATE INDEX "audit_entries_namespace" ON "audit_entries"("namespace", "sequence" DESC);

-- CreateIndex
CREATE INDEX "audit_entries_uid" ON "audit_entries"("uid", "sequence" DESC);

-- CreateIndex
CREATE INDEX "audit_entries_user" ON "audit_entries"("user_name", "sequence" DESC);

-- CreateIndex
CREATE INDEX "audit_entries_verb" ON "audit_entries"("verb", "sequence" DESC);

-- CreateIndex
CREATE INDEX "audit_entries_time" ON "audit_entries"("time");
