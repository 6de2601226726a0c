import { Column, Entity, PrimaryColumn } from 'typeorm';

/** An application segment: which workloads, who answers for them, how far its segmentation has come. */
@Entity('segment')
export class Segment {
  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'segment_pk' })
  name!: string;

  @Column({ type: 'text' })
  owner!: string;

  @Column({ type: 'text' })
  criticality!: string;

  @Column({ type: 'text' })
  phase!: string;

  @Column({ type: 'text' })
  namespace!: string;

  @Column({ type: 'json', name: 'match_labels' })
  matchLabels!: Record<string, string>;

  /** When it entered its phase. */
  @Column({ type: 'timestamptz', name: 'phase_since' })
  phaseSince!: Date;

  @Column({ type: 'timestamptz', name: 'updated_at' })
  updatedAt!: Date;
}
