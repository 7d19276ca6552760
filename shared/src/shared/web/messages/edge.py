"""Texts of what the HTTP edge, access and plumbing refuse, before any rule is asked."""

MESSAGES: dict[str, tuple[str, str]] = {
    "request.invalid": (
        "请求中有 {count} 处错误，请按 errors 中的逐项说明修改后重新提交。",
        "The request has {count} errors; correct each one listed in errors and send it again.",
    ),
    "request.malformed": (
        "请求无法读取，请检查网址、请求头和正文的格式。",
        "The request cannot be read; check the form of its address, headers and body.",
    ),
    "body.required": (
        "缺少请求正文，请以 JSON 对象提交。",
        "The body is missing; send a JSON object.",
    ),
    "body.json": (
        "请求正文不是有效的 JSON，请检查括号、引号和逗号。",
        "The body is not valid JSON; check its brackets, quotes and commas.",
    ),
    "body.encoding": (
        "请求正文不是有效的 UTF-8 文本（第 {position} 字节处出错），请转换为 UTF-8 编码后重新提交。",
        "The body is not valid UTF-8 (at byte {position}); convert it to UTF-8 and send it again.",
    ),
    "body.nul": (
        "请求正文含有空字符（NUL，位置：{place}），请删除后重新提交。",
        "The body holds a NUL character (at: {place}); remove it and send the request again.",
    ),
    "body.too_large": (
        "请求正文超过 {limit} 字节的上限，请减少内容或分批提交。",
        "The body is over the limit of {limit} bytes; send less, or send it in parts.",
    ),
    "body.fields": (
        "请求正文中的一个对象（位置：{place}）超过 {max} 个字段，请只保留需要的字段。",
        "An object of the body (at: {place}) has more than {max} fields; send only those needed.",
    ),
    "media.unsupported": (
        "不支持该正文类型，请使用 Content-Type: {expected}。",
        "This type of body is not supported; use Content-Type: {expected}.",
    ),
    "auth.missing": (
        "请先登录：请求缺少访问令牌（Authorization: Bearer …）。",
        "Sign in first: the request has no access token (Authorization: Bearer …).",
    ),
    "auth.invalid": (
        "访问令牌无效，请重新登录以取得新的令牌。",
        "The access token is not valid; sign in again for a new one.",
    ),
    "auth.expired": (
        "访问令牌已过期，请重新登录。",
        "The access token has expired; sign in again.",
    ),
    "auth.unavailable": (
        "暂时无法联系身份认证服务，无法核验令牌，请稍后重试。",
        "The identity provider cannot be reached now, so the token cannot be checked; "
        "try again in a moment.",
    ),
    "scope.forbidden": (
        "您在该单位没有“{role}”权限，请联系本级管理员授权，或由有权限的人员办理。",
        "You do not hold the role of {role} for this unit; ask its administrator for it, or let "
        "someone who holds it do this.",
    ),
    "scope.level": (
        "此项操作须由以下层级的“{role}”办理：{levels}。您的授权层级不足，请提交上级红十字会办理。",
        "This is for the role of {role} granted at these levels: {levels}. Yours is granted below "
        "them; pass it to the society above.",
    ),
    "scope.service": (
        "此接口只供系统内部服务调用。",
        "This is for the registry's own services only.",
    ),
    "four_eyes": (
        "录入人或最后修改人不能审批同一事项，请由另一名审批人员或上级红十字会办理。",
        "Whoever entered or last edited this may not approve it; another approver, or the society "
        "above, must do so.",
    ),
    "not_found": (
        "未找到该记录，或不在您的查看范围内，请核对编号。",
        "There is no such record within your scope; check its id.",
    ),
    "route.not_found": (
        "没有这个网址，请核对接口文档 /openapi.json。",
        "There is nothing at this address; see /openapi.json for the interface.",
    ),
    "route.method": (
        "该网址不支持 {method} 方法，可用的方法：{allowed}。",
        "This address does not take {method}; it takes: {allowed}.",
    ),
    "query.unknown": (
        "没有名为“{name}”的查询参数，请核对拼写；此网址可用的参数：{parameters}。",
        "There is no query parameter {name} here; check its spelling. This address takes: "
        "{parameters}.",
    ),
    "version.missing": (
        "缺少 If-Match 请求头，请先读取记录，再把其 ETag 放入 If-Match。",
        "The If-Match header is missing; read the record first and send its ETag as If-Match.",
    ),
    "version.malformed": (
        'If-Match 请求头格式不正确，应为读取记录时返回的 ETag，例如 "3"。',
        'The If-Match header is malformed; send the ETag the record was read with, such as "3".',
    ),
    "version.stale": (
        "该记录已被他人修改，当前版本为 {current}，请重新读取、核对后再提交。",
        "The record has been changed meanwhile and is now at version {current}; read it again, "
        "check, and send your change anew.",
    ),
    "idempotency.malformed": (
        "Idempotency-Key 请求头应为 1 至 200 个可见的 ASCII 字符。",
        "The Idempotency-Key header must be 1 to 200 printable ASCII characters.",
    ),
    "idempotency.reused": (
        "该 Idempotency-Key 已用于另一份内容不同的请求，请为新的请求换一个键。",
        "This Idempotency-Key was used with another request body; take a new key for a new "
        "request.",
    ),
    "rate.limited": (
        "请求过于频繁，请在 {seconds} 秒后重试。",
        "There are too many requests; try again in {seconds} seconds.",
    ),
    "overloaded": (
        "服务正忙，请稍后重试。",
        "The service is busy; try again in a moment.",
    ),
    "timeout": (
        "未能在 {seconds} 秒内完成，结果未知；请用同一个 Idempotency-Key 重试，或先查询再决定。",
        "This took over {seconds} seconds and its outcome is not known; retry with the same "
        "Idempotency-Key, or look first.",
    ),
    "unavailable": (
        "所依赖的服务暂时不可用，本次请求没有写入任何内容或结果未知，请用同一个 Idempotency-Key 重试。",
        "Something this request rests on cannot be reached now; nothing is half written. Retry "
        "with the same Idempotency-Key.",
    ),
    "internal": (
        "系统内部错误，已记录。请稍后重试；如仍出错，请向管理员提供 correlation_id。",
        "Something went wrong inside and was logged. Try again; if it stays, give the "
        "correlation_id to your administrator.",
    ),
}
