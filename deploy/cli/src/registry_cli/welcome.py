"""What a newcomer reads after the start: addresses, and lines to paste that move each number.

The lines need bash, curl, sed and grep. Tokens come from `registry token` when the lines are run,
so a saved copy does not expire; the identity numbers are new at every print.
"""

import secrets
import shlex
import sys
from pathlib import Path
from string import Template

from embedded.runtime import Runtime, checkout
from registry_cli.demo.roster import ADULTS_BORN, identity_number, random_day
from registry_cli.problems import Misuse
from registry_cli.running import url
from registry_cli.seeding import DEMO_COUNTY, DEMO_DIR
from registry_cli.tokens import unit_id
from shared.base import clock

AREAS = tuple(f"33{prefecture:02}98" for prefecture in range(1, 12))
"""County number 98: no county has it, and no demo roster, so nobody real or registered is meant."""

LINES = Template(r"""
# 试用 / Try it: 粘贴到 bash，同时观看大屏 / paste into bash while you watch $DASHBOARD/
export no_proxy=127.0.0.1 RUN=try-$$(date +%s)-$$$$
show() { ANSWER=$$(printf '%s' "$$ANSWER" | tr -d '\r'); printf '%s\n' "$$ANSWER" | sed -n '1p;$$p'; ETAG=$$(printf '%s\n' "$$ANSWER" | sed -n 's/^[Ee][Tt][Aa][Gg]: *//p'); ID=$$(printf '%s\n' "$$ANSWER" | grep -o '"id":"[^"]*"' | head -n 1 | cut -d '"' -f 4); }
REGISTRAR="Authorization: Bearer $$($REGISTRY token --subject registrar.zhang --role registrar --unit $COUNTY_CODE)"
APPROVER="Authorization: Bearer $$($REGISTRY token --subject approver.li --role approver --unit $COUNTY_CODE)"
JSON='Content-Type: application/json'

# 1 基层组织：新建、提交、批准、启用 / a unit: create, submit, approve, activate
ANSWER=$$(curl -sSi $UNITS/v1/units -H "$$REGISTRAR" -H "$$JSON" -H "Idempotency-Key: $$RUN-1" -d '{"name":"$UNIT_NAME","type":"SCHOOL","parent_id":"$COUNTY"}'); show; UNIT=$$ID
ANSWER=$$(curl -sSi $UNITS/v1/units/$$UNIT/submit -H "$$REGISTRAR" -H "$$JSON" -H "If-Match: $$ETAG" -H "Idempotency-Key: $$RUN-2" -d '{}'); show
ANSWER=$$(curl -sSi $UNITS/v1/units/$$UNIT/approve -H "$$APPROVER" -H "$$JSON" -H "If-Match: $$ETAG" -H "Idempotency-Key: $$RUN-3" -d '{"document":{"number":"西红〔$YEAR〕1号"}}'); show
ANSWER=$$(curl -sSi $UNITS/v1/units/$$UNIT/activate -H "$$APPROVER" -H "$$JSON" -H "If-Match: $$ETAG" -H "Idempotency-Key: $$RUN-4" -d '{}'); show

# 2 会员：申请、批准、备案 / a member: apply, approve, file
ANSWER=$$(curl -sSi $MEMBERS/v1/members -H "$$REGISTRAR" -H "$$JSON" -H "Idempotency-Key: $$RUN-5" -d '{"kind":"INDIVIDUAL_ADULT","unit_id":"'$$UNIT'","name":"王芳","id_type":"RESIDENT_ID","id_number":"$MEMBER_NUMBER","phone":"$MEMBER_PHONE","consent":{"version":"2026-1","channel":"PAPER","given_on":"$TODAY"}}'); show; MEMBER=$$ID
ANSWER=$$(curl -sSi $MEMBERS/v1/members/$$MEMBER/approve -H "$$APPROVER" -H "$$JSON" -H "If-Match: $$ETAG" -H "Idempotency-Key: $$RUN-6" -d '{}'); show
ANSWER=$$(curl -sSi $MEMBERS/v1/members/$$MEMBER/file -H "$$APPROVER" -H "$$JSON" -H "If-Match: $$ETAG" -H "Idempotency-Key: $$RUN-7" -d '{"document":{"number":"西红会〔$YEAR〕1号"}}'); show

# 3 志愿者：登记、申请注册、注册 / a volunteer: enrol, apply for registration, register
ANSWER=$$(curl -sSi $VOLUNTEERS/v1/volunteers -H "$$REGISTRAR" -H "$$JSON" -H "Idempotency-Key: $$RUN-8" -d '{"unit_id":"'$$UNIT'","name":"李强","id_type":"RESIDENT_ID","id_number":"$VOLUNTEER_NUMBER","phone":"$VOLUNTEER_PHONE","consent":{"version":"2026-1","channel":"PAPER","given_on":"$TODAY"}}'); show; VOLUNTEER=$$ID
ANSWER=$$(curl -sSi $VOLUNTEERS/v1/volunteers/$$VOLUNTEER/apply-registration -H "$$REGISTRAR" -H "$$JSON" -H "If-Match: $$ETAG" -H "Idempotency-Key: $$RUN-9" -d '{"document":{"number":"志愿服务证明〔$YEAR〕1号","issued_on":"$TODAY"},"declared_hours":24}'); show
ANSWER=$$(curl -sSi $VOLUNTEERS/v1/volunteers/$$VOLUNTEER/register -H "$$APPROVER" -H "$$JSON" -H "If-Match: $$ETAG" -H "Idempotency-Key: $$RUN-10" -d '{}'); show

# 西湖区红十字会的数字 / the figures of this county
sleep 3; curl -sS '$DASHBOARD/v1/progress?unit=$COUNTY_CODE' | grep -oE '"(units|members|volunteers)":\{"value":[0-9]+'
""")

HEAD = Template("""
============================================================
 中国红十字会登记系统已就绪 / The registry is ready

   大屏 dashboard    $DASHBOARD/
   示范县 demo county $DASHBOARD/?unit=$COUNTY_CODE
   接口 API           $UNITS/openapi.json（$MEMBERS、$VOLUNTEERS 同 likewise）

   停止 stop          Ctrl-C（或 registry down）
   状态 status        $REGISTRY status
   核对 recount       $REGISTRY recount
   本说明 these lines $REGISTRY welcome
============================================================""")
NO_COUNTY = (
    "# 机构树尚未建立，请执行 registry seed 后再执行 registry welcome。\n"
    "# The tree is not seeded yet: run `registry seed`, then `registry welcome`."
)


def greeting(runtime: Runtime) -> str:
    """Return addresses and lines to paste, and save the lines next to the demo roster."""
    day = clock.today()
    words = {
        "DASHBOARD": url(runtime, "aggregator"),
        "UNITS": url(runtime, "org-units"),
        "MEMBERS": url(runtime, "member"),
        "VOLUNTEERS": url(runtime, "volunteer"),
        "REGISTRY": command(runtime),
        "COUNTY_CODE": DEMO_COUNTY,
        "TODAY": day.isoformat(),
        "YEAR": str(day.year),
        "UNIT_NAME": f"示范小学{secrets.randbelow(9_000) + 1_000}红十字会",
        "MEMBER_NUMBER": fresh_number(female=True),
        "MEMBER_PHONE": f"1990001{secrets.randbelow(10_000):04}",
        "VOLUNTEER_NUMBER": fresh_number(female=False),
        "VOLUNTEER_PHONE": f"1990001{secrets.randbelow(10_000):04}",
    }
    head = HEAD.substitute(words)
    try:
        lines = LINES.substitute(words, COUNTY=unit_id(runtime, DEMO_COUNTY))
    except Misuse as problem:
        if problem.code != "unit_unknown":
            raise
        return f"{head}\n{NO_COUNTY}"
    path = runtime.var / DEMO_DIR / "try-it.sh"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/bash{lines}", encoding="utf-8")
    path.chmod(0o755)
    return f"{head}{lines}\n# 以上命令已保存 / these lines are saved in: {path}"


def fresh_number(*, female: bool) -> str:
    """Return a valid synthetic identity number, drawn from about 100 million."""
    rng = secrets.SystemRandom()
    born = random_day(rng, *ADULTS_BORN)
    return identity_number(rng, AREAS, f"{born:%Y%m%d}", female)


def command(runtime: Runtime) -> str:
    """Return how a shell calls this command for this system, from any directory."""
    script = Path(sys.executable).with_name("registry")
    call = [str(script)] if script.exists() else [sys.executable, "-m", "registry_cli.main"]
    words = shlex.join(call)
    if runtime.var != (checkout() / "var").resolve():
        return f"REGISTRY_VAR={shlex.quote(str(runtime.var))} {words}"
    return words
