BEGIN TRANSACTION;
CREATE TABLE acts (
	id INTEGER NOT NULL, 
	at FLOAT NOT NULL, 
	who TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	why TEXT NOT NULL, 
	detail TEXT NOT NULL, 
	PRIMARY KEY (id), 
	CONSTRAINT ck_acts_kind CHECK (kind IN ('pause', 'resume', 'stop', 'add', 'exclude', 'change', 'end'))
);
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0006');
CREATE TABLE artifacts (
	id INTEGER NOT NULL, 
	iteration INTEGER, 
	name TEXT NOT NULL, 
	sha256 TEXT NOT NULL, 
	path TEXT NOT NULL, 
	at FLOAT NOT NULL, 
	PRIMARY KEY (id), 
	CONSTRAINT ck_artifacts_sha256 CHECK (length(sha256) = 64), 
	CONSTRAINT fk_artifacts_iteration FOREIGN KEY(iteration) REFERENCES iterations ("index")
);
INSERT INTO "artifacts" VALUES(1,NULL,'report','aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa','report.html',1000062.0);
CREATE TABLE campaign (
	id INTEGER NOT NULL, 
	name TEXT NOT NULL, 
	config TEXT NOT NULL, 
	config_digest TEXT NOT NULL, 
	seed INTEGER NOT NULL, 
	code_version TEXT NOT NULL, 
	created FLOAT NOT NULL, 
	PRIMARY KEY (id), 
	CONSTRAINT ck_campaign_one_row CHECK (id = 1)
);
INSERT INTO "campaign" VALUES(1,'golden','{"a":2.5,"b":[1]}','7696d96f2ddf849e24b0a596e31963d273cb61e117d68125de08bac48ea36129',7,'0.1.0',1000000.0);
CREATE TABLE data_events (
	id INTEGER NOT NULL, 
	at FLOAT NOT NULL, 
	who TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	why TEXT NOT NULL, 
	detail TEXT NOT NULL, 
	PRIMARY KEY (id), 
	CONSTRAINT ck_data_events_kind CHECK (kind IN ('start', 'campaign', 'add', 'withdraw', 'correct'))
);
CREATE TABLE facts (
	id INTEGER NOT NULL, 
	last_iteration INTEGER, 
	reference_point TEXT, 
	code_versions TEXT NOT NULL, 
	PRIMARY KEY (id), 
	CONSTRAINT ck_facts_one_row CHECK (id = 1)
);
INSERT INTO "facts" VALUES(1,NULL,NULL,'[]');
CREATE TABLE iterations (
	"index" INTEGER NOT NULL, 
	state TEXT NOT NULL, 
	started FLOAT NOT NULL, 
	finished FLOAT, 
	notes TEXT NOT NULL, 
	PRIMARY KEY ("index"), 
	CONSTRAINT ck_iterations_index CHECK ("index" >= 0), 
	CONSTRAINT ck_iterations_state CHECK (state IN ('proposing', 'validating', 'closed')), 
	CONSTRAINT ck_iterations_finished CHECK ((state = 'closed') = (finished IS NOT NULL))
);
INSERT INTO "iterations" VALUES(0,'validating',1000000.0,NULL,'{"seconds":1.5}');
INSERT INTO "iterations" VALUES(1,'validating',1000062.0,NULL,'{}');
CREATE TABLE job_events (
	id INTEGER NOT NULL, 
	"key" TEXT NOT NULL, 
	at FLOAT NOT NULL, 
	from_state TEXT, 
	to_state TEXT NOT NULL, 
	owner TEXT, 
	note TEXT NOT NULL, 
	error_class TEXT, 
	PRIMARY KEY (id), 
	CONSTRAINT ck_job_events_from CHECK (from_state IN ('held', 'queued', 'running', 'retry_wait', 'needs_review', 'awaiting_human', 'done', 'failed', 'cancelled')), 
	CONSTRAINT ck_job_events_to CHECK (to_state IN ('held', 'queued', 'running', 'retry_wait', 'needs_review', 'awaiting_human', 'done', 'failed', 'cancelled')), 
	CONSTRAINT fk_job_events_job FOREIGN KEY("key") REFERENCES jobs ("key")
);
INSERT INTO "job_events" VALUES(1,'a5c77afb3f326935efc6fc706f781f5b4fe96dc424969400a3e046c81f5a98c4',1000000.0,NULL,'queued',NULL,'',NULL);
INSERT INTO "job_events" VALUES(2,'48b9f04a9d50a412b7bfdea71fa85d43aaf574b7a0aa1115bc18a038bfec0685',1000000.0,NULL,'queued',NULL,'',NULL);
INSERT INTO "job_events" VALUES(3,'948ef764eeb1e65c1f4aa30190daa397a1595a32c475f4113661a6aea61eacd9',1000000.0,NULL,'queued',NULL,'',NULL);
INSERT INTO "job_events" VALUES(4,'ce70620a821c3e117ad95089557ee1178729e3e879884c5d0b503ff79a9e05c4',1000000.0,NULL,'queued',NULL,'',NULL);
INSERT INTO "job_events" VALUES(5,'a5c77afb3f326935efc6fc706f781f5b4fe96dc424969400a3e046c81f5a98c4',1000000.0,'queued','running','slow','',NULL);
INSERT INTO "job_events" VALUES(6,'a5c77afb3f326935efc6fc706f781f5b4fe96dc424969400a3e046c81f5a98c4',1000061.0,'running','queued','slow','lease expired','poison');
INSERT INTO "job_events" VALUES(7,'a5c77afb3f326935efc6fc706f781f5b4fe96dc424969400a3e046c81f5a98c4',1000061.0,'queued','running','me','',NULL);
INSERT INTO "job_events" VALUES(8,'48b9f04a9d50a412b7bfdea71fa85d43aaf574b7a0aa1115bc18a038bfec0685',1000061.0,'queued','running','me','',NULL);
INSERT INTO "job_events" VALUES(9,'948ef764eeb1e65c1f4aa30190daa397a1595a32c475f4113661a6aea61eacd9',1000061.0,'queued','running','me','',NULL);
INSERT INTO "job_events" VALUES(10,'ce70620a821c3e117ad95089557ee1178729e3e879884c5d0b503ff79a9e05c4',1000061.0,'queued','running','me','',NULL);
INSERT INTO "job_events" VALUES(11,'a5c77afb3f326935efc6fc706f781f5b4fe96dc424969400a3e046c81f5a98c4',1000061.0,'running','done','me','',NULL);
INSERT INTO "job_events" VALUES(12,'48b9f04a9d50a412b7bfdea71fa85d43aaf574b7a0aa1115bc18a038bfec0685',1000062.0,'running','failed','me','','physics');
INSERT INTO "job_events" VALUES(13,'948ef764eeb1e65c1f4aa30190daa397a1595a32c475f4113661a6aea61eacd9',1000062.0,'running','retry_wait','me','the machine went away','infrastructure');
INSERT INTO "job_events" VALUES(14,'9c40f178cb355b8150f58d6212bce758d74ac96e87360355d14e946f26656496',1000062.0,NULL,'queued',NULL,'',NULL);
CREATE TABLE jobs (
	"key" TEXT NOT NULL, 
	design TEXT NOT NULL, 
	validator TEXT NOT NULL, 
	fingerprint TEXT NOT NULL, 
	nonce TEXT NOT NULL, 
	by_hand BOOLEAN NOT NULL, 
	state TEXT NOT NULL, 
	attempts INTEGER NOT NULL, 
	retries INTEGER NOT NULL, 
	deaths INTEGER NOT NULL, 
	not_before FLOAT, 
	error_class TEXT, 
	message TEXT, 
	created FLOAT NOT NULL, 
	updated FLOAT NOT NULL, 
	verdict TEXT, 
	conflicts INTEGER NOT NULL, 
	waits INTEGER NOT NULL, 
	raises INTEGER NOT NULL, 
	corrections INTEGER NOT NULL, 
	adjustment TEXT NOT NULL, 
	iteration INTEGER, 
	rank INTEGER, 
	PRIMARY KEY ("key"), 
	CONSTRAINT ck_jobs_state CHECK (state IN ('held', 'queued', 'running', 'retry_wait', 'needs_review', 'awaiting_human', 'done', 'failed', 'cancelled')), 
	CONSTRAINT ck_jobs_counts CHECK (attempts >= 0 AND retries >= 0 AND deaths >= 0 AND conflicts >= 0 AND waits >= 0 AND raises >= 0 AND corrections >= 0), 
	CONSTRAINT ck_jobs_retry_wait CHECK ((state = 'retry_wait') = (not_before IS NOT NULL)), 
	CONSTRAINT ck_jobs_answered CHECK (NOT (state IN ('done', 'failed')) OR verdict IS NOT NULL)
);
INSERT INTO "jobs" VALUES('a5c77afb3f326935efc6fc706f781f5b4fe96dc424969400a3e046c81f5a98c4','Nb:101/201,W:100/201','calphad','settings-1','n1',0,'done',2,0,1,NULL,NULL,NULL,1000000.0,1000061.0,'{"details":{"phases":["BCC"]},"properties":{"solidus":{"unit":"K","value":2500.0}},"seconds":0.5,"status":"measured"}',0,0,0,0,'{}',0,0);
INSERT INTO "jobs" VALUES('48b9f04a9d50a412b7bfdea71fa85d43aaf574b7a0aa1115bc18a038bfec0685','Nb:51/101,W:50/101','calphad','settings-1','n2',0,'failed',1,0,0,NULL,'physics','no solidus below the boiling point',1000000.0,1000062.0,'{"kind":"physics","message":"no solidus below the boiling point","seconds":0.0,"status":"failed"}',0,0,0,0,'{}',0,1);
INSERT INTO "jobs" VALUES('948ef764eeb1e65c1f4aa30190daa397a1595a32c475f4113661a6aea61eacd9','Nb:103/203,W:100/203','calphad','settings-1','n3',0,'retry_wait',1,1,0,1000092.0,'infrastructure','the machine went away',1000000.0,1000062.0,NULL,0,0,0,0,'{}',0,2);
INSERT INTO "jobs" VALUES('ce70620a821c3e117ad95089557ee1178729e3e879884c5d0b503ff79a9e05c4','Nb:26/51,W:25/51','calphad','settings-1','n4',0,'running',1,0,0,NULL,NULL,NULL,1000000.0,1000061.0,NULL,0,0,0,0,'{}',0,3);
INSERT INTO "jobs" VALUES('9c40f178cb355b8150f58d6212bce758d74ac96e87360355d14e946f26656496','Nb:21/41,W:20/41','calphad','settings-1','n5',0,'queued',0,0,0,NULL,NULL,NULL,1000062.0,1000062.0,NULL,0,0,0,0,'{}',1,0);
CREATE TABLE known_points (
	number INTEGER NOT NULL, 
	property TEXT NOT NULL, 
	design TEXT NOT NULL, 
	source TEXT NOT NULL, 
	point TEXT NOT NULL, 
	PRIMARY KEY (number, property)
);
CREATE TABLE metrics (
	id INTEGER NOT NULL, 
	iteration INTEGER, 
	name TEXT NOT NULL, 
	step INTEGER NOT NULL, 
	value FLOAT, 
	at FLOAT NOT NULL, 
	PRIMARY KEY (id), 
	CONSTRAINT fk_metrics_iteration FOREIGN KEY(iteration) REFERENCES iterations ("index")
);
INSERT INTO "metrics" VALUES(1,0,'loss',0,0.5,1000062.0);
CREATE TABLE observations (
	id INTEGER NOT NULL, 
	job_key TEXT, 
	iteration INTEGER, 
	design TEXT NOT NULL, 
	"values" TEXT NOT NULL, 
	source TEXT NOT NULL, 
	failure TEXT, 
	stds TEXT, 
	replicate BOOLEAN NOT NULL, 
	"conflict" TEXT, 
	at FLOAT NOT NULL, 
	tier INTEGER, 
	PRIMARY KEY (id), 
	CONSTRAINT ck_observations_content CHECK (("values" = '{}') = (failure IS NOT NULL)), 
	CONSTRAINT ck_observations_conflict CHECK (conflict IS NULL OR replicate), 
	CONSTRAINT ck_observations_tier CHECK (tier IS NULL OR (tier >= 0 AND job_key IS NULL)), 
	CONSTRAINT fk_observations_job FOREIGN KEY(job_key) REFERENCES jobs ("key"), 
	CONSTRAINT fk_observations_iteration FOREIGN KEY(iteration) REFERENCES iterations ("index")
);
INSERT INTO "observations" VALUES(1,'a5c77afb3f326935efc6fc706f781f5b4fe96dc424969400a3e046c81f5a98c4',0,'Nb:101/201,W:100/201','{"solidus":2500.0}','calphad',NULL,NULL,0,NULL,1000061.0,NULL);
INSERT INTO "observations" VALUES(2,'a5c77afb3f326935efc6fc706f781f5b4fe96dc424969400a3e046c81f5a98c4',0,'Nb:101/201,W:100/201','{"solidus":2400.0}','calphad',NULL,NULL,1,NULL,1000061.0,NULL);
INSERT INTO "observations" VALUES(3,'48b9f04a9d50a412b7bfdea71fa85d43aaf574b7a0aa1115bc18a038bfec0685',0,'Nb:51/101,W:50/101','{}','calphad','no solidus below the boiling point',NULL,0,NULL,1000062.0,NULL);
INSERT INTO "observations" VALUES(4,NULL,NULL,'Nb:6/11,W:5/11','{"solidus":2300.0}','lab',NULL,NULL,0,NULL,1000062.0,NULL);
CREATE TABLE proposals (
	iteration INTEGER NOT NULL, 
	rank INTEGER NOT NULL, 
	design TEXT NOT NULL, 
	origin TEXT NOT NULL, 
	score FLOAT NOT NULL, 
	why TEXT NOT NULL, 
	prediction TEXT, 
	job_key TEXT NOT NULL, 
	tier INTEGER DEFAULT '0' NOT NULL, 
	PRIMARY KEY (iteration, rank), 
	CONSTRAINT uq_proposals_design UNIQUE (design, tier), 
	CONSTRAINT uq_proposals_job UNIQUE (job_key), 
	CONSTRAINT ck_proposals_tier CHECK (tier >= 0), 
	CONSTRAINT fk_proposals_iteration FOREIGN KEY(iteration) REFERENCES iterations ("index"), 
	CONSTRAINT fk_proposals_job FOREIGN KEY(job_key) REFERENCES jobs ("key")
);
INSERT INTO "proposals" VALUES(0,0,'Nb:101/201,W:100/201','cvae',1.0,'near the limit',NULL,'a5c77afb3f326935efc6fc706f781f5b4fe96dc424969400a3e046c81f5a98c4',0);
INSERT INTO "proposals" VALUES(0,1,'Nb:51/101,W:50/101','cvae',0.5,'near the limit','{"means":{"solidus":2400.0},"model":"gp-1","probability_feasible":0.25,"stds":{"solidus":60.0}}','48b9f04a9d50a412b7bfdea71fa85d43aaf574b7a0aa1115bc18a038bfec0685',0);
INSERT INTO "proposals" VALUES(0,2,'Nb:103/203,W:100/203','cvae',3.33333333333333314829e-01,'near the limit',NULL,'948ef764eeb1e65c1f4aa30190daa397a1595a32c475f4113661a6aea61eacd9',0);
INSERT INTO "proposals" VALUES(0,3,'Nb:26/51,W:25/51','cvae',0.25,'near the limit','{"means":{"solidus":2400.0},"model":"gp-1","probability_feasible":0.25,"stds":{"solidus":60.0}}','ce70620a821c3e117ad95089557ee1178729e3e879884c5d0b503ff79a9e05c4',0);
INSERT INTO "proposals" VALUES(1,0,'Nb:21/41,W:20/41','cvae',1.0,'near the limit',NULL,'9c40f178cb355b8150f58d6212bce758d74ac96e87360355d14e946f26656496',0);
CREATE TABLE validators (
	name TEXT NOT NULL, 
	failures INTEGER NOT NULL, 
	pauses INTEGER NOT NULL, 
	paused BOOLEAN NOT NULL, 
	until FLOAT, 
	message TEXT, 
	PRIMARY KEY (name), 
	CONSTRAINT ck_validators_counts CHECK (failures >= 0 AND pauses >= 0), 
	CONSTRAINT ck_validators_until CHECK (paused OR until IS NULL)
);
INSERT INTO "validators" VALUES('calphad',1,0,0,NULL,'the machine went away');
CREATE TABLE withdrawals (
	observation INTEGER NOT NULL, 
	property TEXT NOT NULL, 
	event INTEGER NOT NULL, 
	PRIMARY KEY (observation, property), 
	CONSTRAINT fk_withdrawals_observation FOREIGN KEY(observation) REFERENCES observations (id), 
	CONSTRAINT fk_withdrawals_event FOREIGN KEY(event) REFERENCES data_events (id)
);
CREATE UNIQUE INDEX uq_metrics ON metrics (coalesce(iteration, -1), name, step);
CREATE UNIQUE INDEX uq_artifacts ON artifacts (coalesce(iteration, -1), name);
CREATE INDEX ix_jobs_state ON jobs (state, iteration, rank);
CREATE INDEX ix_jobs_conflicts ON jobs ("key") WHERE conflicts > 0;
CREATE UNIQUE INDEX uq_jobs_place ON jobs (iteration, rank);
CREATE INDEX ix_proposals_promoted ON proposals (iteration) WHERE tier > 0;
CREATE INDEX ix_job_events_key ON job_events ("key", id);
CREATE INDEX ix_observations_design ON observations (design);
CREATE INDEX ix_observations_iteration ON observations (iteration, replicate);
CREATE UNIQUE INDEX uq_observations_accepted ON observations (job_key) WHERE job_key IS NOT NULL AND NOT replicate;
CREATE INDEX ix_known_points_answer ON known_points (design, source);
CREATE TRIGGER tr_campaign_no_update BEFORE UPDATE ON campaign  BEGIN SELECT RAISE(ABORT, 'campaign rows are never changed or removed'); END;
CREATE TRIGGER tr_campaign_no_delete BEFORE DELETE ON campaign  BEGIN SELECT RAISE(ABORT, 'campaign rows are never changed or removed'); END;
CREATE TRIGGER tr_proposals_no_update BEFORE UPDATE ON proposals  BEGIN SELECT RAISE(ABORT, 'proposals rows are never changed or removed'); END;
CREATE TRIGGER tr_proposals_no_delete BEFORE DELETE ON proposals  BEGIN SELECT RAISE(ABORT, 'proposals rows are never changed or removed'); END;
CREATE TRIGGER tr_job_events_no_update BEFORE UPDATE ON job_events  BEGIN SELECT RAISE(ABORT, 'job_events rows are never changed or removed'); END;
CREATE TRIGGER tr_job_events_no_delete BEFORE DELETE ON job_events  BEGIN SELECT RAISE(ABORT, 'job_events rows are never changed or removed'); END;
CREATE TRIGGER tr_observations_no_update BEFORE UPDATE ON observations  BEGIN SELECT RAISE(ABORT, 'observations rows are never changed or removed'); END;
CREATE TRIGGER tr_observations_no_delete BEFORE DELETE ON observations  BEGIN SELECT RAISE(ABORT, 'observations rows are never changed or removed'); END;
CREATE TRIGGER tr_data_events_no_update BEFORE UPDATE ON data_events  BEGIN SELECT RAISE(ABORT, 'data_events rows are never changed or removed'); END;
CREATE TRIGGER tr_data_events_no_delete BEFORE DELETE ON data_events  BEGIN SELECT RAISE(ABORT, 'data_events rows are never changed or removed'); END;
CREATE TRIGGER tr_withdrawals_no_update BEFORE UPDATE ON withdrawals  BEGIN SELECT RAISE(ABORT, 'withdrawals rows are never changed or removed'); END;
CREATE TRIGGER tr_withdrawals_no_delete BEFORE DELETE ON withdrawals  BEGIN SELECT RAISE(ABORT, 'withdrawals rows are never changed or removed'); END;
CREATE TRIGGER tr_known_points_no_update BEFORE UPDATE ON known_points  BEGIN SELECT RAISE(ABORT, 'known_points rows are never changed or removed'); END;
CREATE TRIGGER tr_known_points_no_delete BEFORE DELETE ON known_points  BEGIN SELECT RAISE(ABORT, 'known_points rows are never changed or removed'); END;
CREATE TRIGGER tr_acts_no_update BEFORE UPDATE ON acts  BEGIN SELECT RAISE(ABORT, 'acts rows are never changed or removed'); END;
CREATE TRIGGER tr_acts_no_delete BEFORE DELETE ON acts  BEGIN SELECT RAISE(ABORT, 'acts rows are never changed or removed'); END;
CREATE TRIGGER tr_jobs_no_delete BEFORE DELETE ON jobs  BEGIN SELECT RAISE(ABORT, 'jobs are never removed'); END;
CREATE TRIGGER tr_jobs_moves BEFORE UPDATE OF state ON jobs WHEN (OLD.state || '>' || NEW.state NOT IN ('held>awaiting_human', 'held>cancelled', 'held>queued', 'queued>awaiting_human', 'queued>cancelled', 'queued>running', 'running>cancelled', 'running>done', 'running>failed', 'running>needs_review', 'running>queued', 'running>retry_wait', 'retry_wait>awaiting_human', 'retry_wait>cancelled', 'retry_wait>queued', 'awaiting_human>awaiting_human', 'awaiting_human>cancelled', 'awaiting_human>done', 'awaiting_human>failed', 'needs_review>awaiting_human', 'needs_review>cancelled', 'needs_review>done', 'needs_review>failed', 'needs_review>queued', 'done>done', 'failed>failed', 'cancelled>cancelled')) BEGIN SELECT RAISE(ABORT, 'a job cannot make that move'); END;
COMMIT;
