import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The story of a request tells of the deliveries of its events. */
export class DeliveryByEvent1765300000000 implements MigrationInterface {
  readonly name = 'DeliveryByEvent1765300000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      'CREATE INDEX webhook_delivery_event ON webhook_delivery (sequence) WHERE sequence IS NOT NULL',
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX webhook_delivery_event');
  }
}
