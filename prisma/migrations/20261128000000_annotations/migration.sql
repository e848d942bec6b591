-- AlterTable
ALTER TABLE "audit_entries" ADD COLUMN "annotations" JSONB;
