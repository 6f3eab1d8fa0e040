-- A copy of the database, to be tried out: the hospital's own HIS must not notice it.
INSERT INTO hospital_his_stop (reason, create_uid, create_date, write_uid, write_date)
SELECT 'This database is a copy', 1, now() AT TIME ZONE 'UTC', 1, now() AT TIME ZONE 'UTC'
 WHERE NOT EXISTS (SELECT FROM hospital_his_stop WHERE source_id IS NULL AND lifted_at IS NULL);

-- What the original has prepared in the HIS is the original's to finish: the names of its transactions begin with
-- its identity, which the copy gives up.
UPDATE ir_config_parameter SET value = gen_random_uuid() WHERE key = 'database.uuid';
UPDATE hospital_his_transaction SET state = 'rolled_back' WHERE state IN ('preparing', 'decided');
UPDATE hospital_his_delivery SET active = false WHERE way = 'together';
