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
INSERT INTO "artifacts" VALUES(1,0,'batch.csv','c5e41b86855cc0dc3049a7457446d8380ae6dfaf3bdc4310000e0363d11b0010','artifacts/c5e41b86855cc0dc3049a7457446d8380ae6dfaf3bdc4310000e0363d11b0010.csv',1.79600675025391840929e+09);
INSERT INTO "artifacts" VALUES(2,0,'dataset.json','45e7b8e5c80b8050a3c87719463c8e2d0ab8970cb48dc0e6e2fc19f31faff0a4','artifacts/45e7b8e5c80b8050a3c87719463c8e2d0ab8970cb48dc0e6e2fc19f31faff0a4.json',1.79600675032498311996e+09);
INSERT INTO "artifacts" VALUES(3,0,'pareto.png','1d7eed069566c9fca7ab2587f0dca5c490030d962edfd31681c615ba35afc187','artifacts/1d7eed069566c9fca7ab2587f0dca5c490030d962edfd31681c615ba35afc187.png',1.79600675039700126648e+09);
INSERT INTO "artifacts" VALUES(4,0,'compositions.png','318ffaa5ca9210ccb8accc20b7c0a369e279ea35ac53b041d91057c6db67f980','artifacts/318ffaa5ca9210ccb8accc20b7c0a369e279ea35ac53b041d91057c6db67f980.png',1.7960067504690260887e+09);
INSERT INTO "artifacts" VALUES(5,0,'timeline.png','c6594cd73d276baf2f67ce780882ab3da20c1f98de837a190df8492b4d332548','artifacts/c6594cd73d276baf2f67ce780882ab3da20c1f98de837a190df8492b4d332548.png',1.79600675053773474691e+09);
INSERT INTO "artifacts" VALUES(6,1,'generator.cvae','98d6123c3c3a06a68ac3e23e620bd64d20d447fb2f456ae0a1b3a50a1a69b6ee','models/98d6123c3c3a06a68ac3e23e620bd64d20d447fb2f456ae0a1b3a50a1a69b6ee.safetensors',1.7960067558942432403e+09);
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
INSERT INTO "campaign" VALUES(1,'golden','{"science":{"batch":8,"constraints":["density <= 13"],"generator":{"families":{},"family":"cvae","guided":true,"proposals":40,"settings":{"epochs":2},"warm":"none"},"objectives":["maximize solidus"],"reference_point":{},"screening":{"neighbours":false,"random":30},"seed":0,"space":{"bounds":{},"count":[2,3],"elements":["Nb","Ta","Ti"],"limits":[],"lower":0.05,"step":0.01,"upper":0.8},"start":{"from_table":0.5,"table":"table.csv","validate":4},"surrogate":{"inference":"map"},"validator":{"name":"human","settings":{}}},"table":"052d10fcb510e8d4f0b707040c421d22cc2f3499bebbb2d96e963b4dcdb0056e","validator":"external"}','7156d06836cd2ae3cf8ae4a54a4a3263088a6a853540d76fec659b31251f431f',0,'0.1.0+62b4aa97d004',1.79600674390885734561e+09);
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
INSERT INTO "facts" VALUES(1,NULL,'{"solidus":1950.0}','[]');
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
INSERT INTO "iterations" VALUES(0,'closed',1.79600674406901764873e+09,1.79600675065212154381e+09,'{"summary":{"failed":0,"feasible":4,"hypervolume":550.0,"observations":4},"timeline":[["driver","begin",1796006744.069,1796006744.272],["driver","close",1796006744.605,1796006750.7]]}');
INSERT INTO "iterations" VALUES(1,'validating',1.79600675076698040964e+09,NULL,'{"calibration":{"solidus":{"count":4.0,"coverage":1.0,"inflation":1.0824454605069576,"miscalibrated":0.0,"nll":6.935085485004312,"rmse":256.29312850433564,"sharpness":223.9841269191651}},"generators":{"cvae":{"digest":"98d6123c3c3a06a68ac3e23e620bd64d20d447fb2f456ae0a1b3a50a1a69b6ee","first_draw_valid":0.45,"guided":true,"proposals":40}},"inputs":{},"screening":{"counts":{"candidates":40,"climbed":13,"closed_form":3,"duplicate":3,"out_of_space":0,"polished":0,"short_list":46},"lost":{"sampled":0.0},"mode":"improvement","proposed":{"cvae":10,"random":30},"surrogate":"3e3c781a9312a413fa7b5593f2201e8d155d930973dc0c1432773988b411b05f"},"timeline":[["driver","begin",1796006750.767,1796006755.88],["driver","record",1796006755.88,1796006763.28],["trainer cvae","train",1796006750.918,1796006755.88],["scorer","fit",1796006755.986,1796006756.259],["scorer","propose",1796006756.259,1796006759.049],["scorer","screen",1796006759.049,1796006763.162]],"training":{"cvae":{"best_epoch":1,"collapsed":false,"coverage":null,"device":"cpu","diverged":false,"family":"cvae","job":"0a6674b7ad2b2bba8ce0ca14a1936031d91d83ad975e47218310ca38612beb5a","note":"","pairwise_cosine":0.7236990854317034,"rows":5,"seconds":4.811265491996892,"train_losses":[5.959597587585449,5.409632682800293],"unique_share":0.65234375,"valid_share":0.5703125,"validation_losses":[6.259840965270996,5.652144908905029]}},"warm":{"cvae":null}}');
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
INSERT INTO "job_events" VALUES(1,'c88bd564d3dea9e28b2a4a6f336002c7108a96678d7977923ef079e087da6246',1.79600674420260477065e+09,NULL,'awaiting_human',NULL,'',NULL);
INSERT INTO "job_events" VALUES(2,'8300aee69baea228d36e8b677b18f17209ee26bc2e51981dddb4841e81f417d6',1.79600674420260477065e+09,NULL,'awaiting_human',NULL,'',NULL);
INSERT INTO "job_events" VALUES(3,'269163a736a8d647cf669ae34ea7867d2457ffd331a71c43b009470ae03f5d83',1.79600674420260477065e+09,NULL,'awaiting_human',NULL,'',NULL);
INSERT INTO "job_events" VALUES(4,'bf2a3be549fc45ec0fd855c098fb1c21fccce550cd75f8c6f94dc5c1750f15fc',1.79600674420260477065e+09,NULL,'awaiting_human',NULL,'',NULL);
INSERT INTO "job_events" VALUES(5,'c88bd564d3dea9e28b2a4a6f336002c7108a96678d7977923ef079e087da6246',1.79600674438099718096e+09,'awaiting_human','done',NULL,'answered by observed',NULL);
INSERT INTO "job_events" VALUES(6,'8300aee69baea228d36e8b677b18f17209ee26bc2e51981dddb4841e81f417d6',1.79600674444125318527e+09,'awaiting_human','done',NULL,'answered by observed',NULL);
INSERT INTO "job_events" VALUES(7,'269163a736a8d647cf669ae34ea7867d2457ffd331a71c43b009470ae03f5d83',1.79600674448520207407e+09,'awaiting_human','done',NULL,'answered by observed',NULL);
INSERT INTO "job_events" VALUES(8,'bf2a3be549fc45ec0fd855c098fb1c21fccce550cd75f8c6f94dc5c1750f15fc',1.7960067445492520332e+09,'awaiting_human','done',NULL,'answered by observed',NULL);
INSERT INTO "job_events" VALUES(9,'71aa6abf6f3c28a03f491078f92e1c1845e92ce4263b58ccebbd535b2b9d80f0',1.79600676324576973919e+09,NULL,'awaiting_human',NULL,'',NULL);
INSERT INTO "job_events" VALUES(10,'3aa81561bd4dbdfecfa7085b51b37bc967762393c5daa795a2545e3a7d50ac5a',1.79600676324576973919e+09,NULL,'awaiting_human',NULL,'',NULL);
INSERT INTO "job_events" VALUES(11,'a27787d4faad1edbe0507465f039002cac125cbde8f5eecddf3df55386b6f4f7',1.79600676324576973919e+09,NULL,'awaiting_human',NULL,'',NULL);
INSERT INTO "job_events" VALUES(12,'71aa6abf6f3c28a03f491078f92e1c1845e92ce4263b58ccebbd535b2b9d80f0',1.79600676337947249413e+09,'awaiting_human','done',NULL,'answered by observed',NULL);
INSERT INTO "job_events" VALUES(13,'3aa81561bd4dbdfecfa7085b51b37bc967762393c5daa795a2545e3a7d50ac5a',1.79600676347745251654e+09,'awaiting_human','failed',NULL,'answered by observed','physics');
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
INSERT INTO "jobs" VALUES('c88bd564d3dea9e28b2a4a6f336002c7108a96678d7977923ef079e087da6246','Ta:1/2,Ti:1/2','human','external','cd588671-ce56-41ac-b667-5f273a4c340b',1,'done',0,0,0,NULL,NULL,NULL,1.79600674420260477065e+09,1.79600674438099718096e+09,'{"details":{},"properties":{"solidus":{"unit":"K","value":2500.0}},"seconds":0.0,"status":"measured"}',0,0,0,0,'{}',0,0);
INSERT INTO "jobs" VALUES('8300aee69baea228d36e8b677b18f17209ee26bc2e51981dddb4841e81f417d6','Nb:1/2,Ta:1/2','human','external','70306898-ef0b-457b-99a8-671015182e83',1,'done',0,0,0,NULL,NULL,NULL,1.79600674420260477065e+09,1.79600674444125318527e+09,'{"details":{},"properties":{"solidus":{"unit":"K","value":2500.0}},"seconds":0.0,"status":"measured"}',0,0,0,0,'{}',0,1);
INSERT INTO "jobs" VALUES('269163a736a8d647cf669ae34ea7867d2457ffd331a71c43b009470ae03f5d83','Nb:51/100,Ti:49/100','human','external','75ad50a4-b8aa-4eed-aa1e-f8e0c89c7caa',1,'done',0,0,0,NULL,NULL,NULL,1.79600674420260477065e+09,1.79600674448520207407e+09,'{"details":{},"properties":{"solidus":{"unit":"K","value":2000.0}},"seconds":0.0,"status":"measured"}',0,0,0,0,'{}',0,2);
INSERT INTO "jobs" VALUES('bf2a3be549fc45ec0fd855c098fb1c21fccce550cd75f8c6f94dc5c1750f15fc','Nb:11/100,Ta:9/100,Ti:4/5','human','external','eedfbfc2-299e-45e1-94fd-f73ae5a53bd9',1,'done',0,0,0,NULL,NULL,NULL,1.79600674420260477065e+09,1.7960067445492520332e+09,'{"details":{},"properties":{"solidus":{"unit":"K","value":2090.0}},"seconds":0.0,"status":"measured"}',0,0,0,0,'{}',0,3);
INSERT INTO "jobs" VALUES('71aa6abf6f3c28a03f491078f92e1c1845e92ce4263b58ccebbd535b2b9d80f0','Nb:7/20,Ta:29/50,Ti:7/100','human','external','0876e372-e9d6-4ce7-a21e-35c12a9d8db0',1,'done',0,0,0,NULL,NULL,NULL,1.79600676324576973919e+09,1.79600676337947249413e+09,'{"details":{},"properties":{"solidus":{"unit":"K","value":2580.0}},"seconds":0.0,"status":"measured"}',0,0,0,0,'{}',1,0);
INSERT INTO "jobs" VALUES('3aa81561bd4dbdfecfa7085b51b37bc967762393c5daa795a2545e3a7d50ac5a','Nb:4/25,Ta:16/25,Ti:1/5','human','external','5b6754b6-709e-45ce-9567-84f2f1bdbce3',1,'failed',0,0,0,NULL,'physics','cracked',1.79600676324576973919e+09,1.79600676347745251654e+09,'{"kind":"physics","message":"cracked","seconds":0.0,"status":"failed"}',0,0,0,0,'{}',1,1);
INSERT INTO "jobs" VALUES('a27787d4faad1edbe0507465f039002cac125cbde8f5eecddf3df55386b6f4f7','Ta:69/100,Ti:31/100','human','external','b23b2e0e-54dc-480d-b504-997f48331f47',1,'awaiting_human',0,0,0,NULL,NULL,NULL,1.79600676324576973919e+09,1.79600676324576973919e+09,NULL,0,0,0,0,'{}',1,2);
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
INSERT INTO "metrics" VALUES(1,0,'hypervolume',0,550.0,1.79600674850518298147e+09);
INSERT INTO "metrics" VALUES(2,0,'feasible_share',0,1.0,1.79600674850518298147e+09);
INSERT INTO "metrics" VALUES(3,0,'failed',0,0.0,1.79600674850518298147e+09);
INSERT INTO "metrics" VALUES(4,0,'observations',0,4.0,1.79600674850518298147e+09);
INSERT INTO "metrics" VALUES(5,0,'best.solidus',0,2500.0,1.79600674850518298147e+09);
INSERT INTO "metrics" VALUES(6,0,'generator.design.share',0,0.5,1.79600674850518298147e+09);
INSERT INTO "metrics" VALUES(7,0,'generator.design.hits',0,1.0,1.79600674850518298147e+09);
INSERT INTO "metrics" VALUES(8,0,'generator.table.share',0,0.5,1.79600674850518298147e+09);
INSERT INTO "metrics" VALUES(9,0,'generator.table.hits',0,1.0,1.79600674850518298147e+09);
INSERT INTO "metrics" VALUES(10,0,'queue.held',0,0.0,1.79600674850518298147e+09);
INSERT INTO "metrics" VALUES(11,0,'queue.queued',0,0.0,1.79600674850518298147e+09);
INSERT INTO "metrics" VALUES(12,0,'queue.running',0,0.0,1.79600674850518298147e+09);
INSERT INTO "metrics" VALUES(13,0,'queue.retry_wait',0,0.0,1.79600674850518298147e+09);
INSERT INTO "metrics" VALUES(14,0,'queue.needs_review',0,0.0,1.79600674850518298147e+09);
INSERT INTO "metrics" VALUES(15,0,'queue.awaiting_human',0,0.0,1.79600674850518298147e+09);
INSERT INTO "metrics" VALUES(16,0,'queue.done',0,4.0,1.79600674850518298147e+09);
INSERT INTO "metrics" VALUES(17,0,'queue.failed',0,0.0,1.79600674850518298147e+09);
INSERT INTO "metrics" VALUES(18,0,'queue.cancelled',0,0.0,1.79600674850518298147e+09);
INSERT INTO "metrics" VALUES(19,0,'seconds.driver.begin',0,0.203,1.79600674850518298147e+09);
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
INSERT INTO "observations" VALUES(1,'c88bd564d3dea9e28b2a4a6f336002c7108a96678d7977923ef079e087da6246',0,'Ta:1/2,Ti:1/2','{"solidus":2500.0}','observed',NULL,NULL,0,NULL,1.79600674438099718096e+09,NULL);
INSERT INTO "observations" VALUES(2,'8300aee69baea228d36e8b677b18f17209ee26bc2e51981dddb4841e81f417d6',0,'Nb:1/2,Ta:1/2','{"solidus":2500.0}','observed',NULL,NULL,0,NULL,1.79600674444125318527e+09,NULL);
INSERT INTO "observations" VALUES(3,'269163a736a8d647cf669ae34ea7867d2457ffd331a71c43b009470ae03f5d83',0,'Nb:51/100,Ti:49/100','{"solidus":2000.0}','observed',NULL,NULL,0,NULL,1.79600674448520207407e+09,NULL);
INSERT INTO "observations" VALUES(4,'bf2a3be549fc45ec0fd855c098fb1c21fccce550cd75f8c6f94dc5c1750f15fc',0,'Nb:11/100,Ta:9/100,Ti:4/5','{"solidus":2090.0}','observed',NULL,NULL,0,NULL,1.7960067445492520332e+09,NULL);
INSERT INTO "observations" VALUES(5,'71aa6abf6f3c28a03f491078f92e1c1845e92ce4263b58ccebbd535b2b9d80f0',1,'Nb:7/20,Ta:29/50,Ti:7/100','{"solidus":2580.0}','observed',NULL,NULL,0,NULL,1.79600676337947249413e+09,NULL);
INSERT INTO "observations" VALUES(6,'3aa81561bd4dbdfecfa7085b51b37bc967762393c5daa795a2545e3a7d50ac5a',1,'Nb:4/25,Ta:16/25,Ti:1/5','{}','observed','cracked',NULL,0,NULL,1.79600676347745251654e+09,NULL);
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
INSERT INTO "proposals" VALUES(0,0,'Ta:1/2,Ti:1/2','table',0.0,'a known alloy, far from the others chosen',NULL,'c88bd564d3dea9e28b2a4a6f336002c7108a96678d7977923ef079e087da6246',0);
INSERT INTO "proposals" VALUES(0,1,'Nb:1/2,Ta:1/2','table',0.0,'a known alloy, far from the others chosen',NULL,'8300aee69baea228d36e8b677b18f17209ee26bc2e51981dddb4841e81f417d6',0);
INSERT INTO "proposals" VALUES(0,2,'Nb:51/100,Ti:49/100','design',0.0,'space-filling start',NULL,'269163a736a8d647cf669ae34ea7867d2457ffd331a71c43b009470ae03f5d83',0);
INSERT INTO "proposals" VALUES(0,3,'Nb:11/100,Ta:9/100,Ti:4/5','design',0.0,'space-filling start',NULL,'bf2a3be549fc45ec0fd855c098fb1c21fccce550cd75f8c6f94dc5c1750f15fc',0);
INSERT INTO "proposals" VALUES(1,0,'Nb:7/20,Ta:29/50,Ti:7/100','polish of cvae',5.31219647840110642533e+00,'log expected gain 5.31; expects solidus 2679 ± 246 K; P(feasible) 1.00; from polish of cvae; tightest constraint density 12.99 g/cm3 (holds with probability 1.00)','{"means":{"solidus":2679.246539123112},"model":"3e3c781a9312a413fa7b5593f2201e8d155d930973dc0c1432773988b411b05f","probability_feasible":1.0,"stds":{"solidus":246.07290017690852}}','71aa6abf6f3c28a03f491078f92e1c1845e92ce4263b58ccebbd535b2b9d80f0',0);
INSERT INTO "proposals" VALUES(1,1,'Nb:4/25,Ta:16/25,Ti:1/5','random',3.86884836099916,'log expected gain 3.87; expects solidus 2566 ± 253 K; P(feasible) 1.00; from random; tightest constraint density 12.97 g/cm3 (holds with probability 1.00)','{"means":{"solidus":2566.0256450408224},"model":"3e3c781a9312a413fa7b5593f2201e8d155d930973dc0c1432773988b411b05f","probability_feasible":1.0,"stds":{"solidus":253.19305142211562}}','3aa81561bd4dbdfecfa7085b51b37bc967762393c5daa795a2545e3a7d50ac5a',0);
INSERT INTO "proposals" VALUES(1,2,'Ta:69/100,Ti:31/100','polish of cvae',3.58742421956023971318e+00,'log expected gain 3.59; expects solidus 2502 ± 246 K; P(feasible) 1.00; from polish of cvae; tightest constraint density 12.95 g/cm3 (holds with probability 1.00)','{"means":{"solidus":2502.093592344444},"model":"3e3c781a9312a413fa7b5593f2201e8d155d930973dc0c1432773988b411b05f","probability_feasible":1.0,"stds":{"solidus":246.03834814284758}}','a27787d4faad1edbe0507465f039002cac125cbde8f5eecddf3df55386b6f4f7',0);
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
INSERT INTO "validators" VALUES('human',0,0,0,NULL,NULL);
CREATE TABLE withdrawals (
	observation INTEGER NOT NULL, 
	property TEXT NOT NULL, 
	event INTEGER NOT NULL, 
	PRIMARY KEY (observation, property), 
	CONSTRAINT fk_withdrawals_observation FOREIGN KEY(observation) REFERENCES observations (id), 
	CONSTRAINT fk_withdrawals_event FOREIGN KEY(event) REFERENCES data_events (id)
);
CREATE INDEX ix_jobs_conflicts ON jobs ("key") WHERE conflicts > 0;
CREATE INDEX ix_jobs_state ON jobs (state, iteration, rank);
CREATE UNIQUE INDEX uq_jobs_place ON jobs (iteration, rank);
CREATE INDEX ix_known_points_answer ON known_points (design, source);
CREATE INDEX ix_proposals_promoted ON proposals (iteration) WHERE tier > 0;
CREATE INDEX ix_job_events_key ON job_events ("key", id);
CREATE INDEX ix_observations_design ON observations (design);
CREATE UNIQUE INDEX uq_observations_accepted ON observations (job_key) WHERE job_key IS NOT NULL AND NOT replicate;
CREATE INDEX ix_observations_iteration ON observations (iteration, replicate);
CREATE UNIQUE INDEX uq_metrics ON metrics (coalesce(iteration, -1), name, step);
CREATE UNIQUE INDEX uq_artifacts ON artifacts (coalesce(iteration, -1), name);
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
