"""The aggregator's entries of the message catalogue."""

from shared.web.messages import register

register(
    {
        "dead_letter.closed": (
            "该死信已处理（{state}），不能再次处理。请刷新列表查看现状。",
            "This dead letter is already closed ({state}) and cannot be handled again. List the "
            "dead letters to see how they stand.",
        ),
        "dead_letter.unreadable": (
            "事件无法读取：{problem}。请用 event 字段提供修正后的事件（来源、纪元、序号不变），"
            "或写明原因后 dismiss。",
            "The events cannot be read: {problem}. Give the mended event in the field event (same "
            "source, epoch and numbers), or dismiss it with a reason.",
        ),
        "dimension.unknown": (
            "{metric} 没有按 {by} 的分类。可用：{allowed}。",
            "There is no breakdown of {metric} by {by}. Offered: {allowed}.",
        ),
        "metric.unknown": (
            "没有名为 {metric} 的指标。可用：{allowed}。",
            "There is no metric named {metric}. Offered: {allowed}.",
        ),
        "figures.starting": (
            "数据正在载入，请几秒后重试。",
            "Figures are being loaded; try again in a few seconds.",
        ),
        "stream.full": (
            "实时连接数已满，请稍后重试，或改用 /v1/progress 查询。",
            "All live connections are taken; try again later, or ask /v1/progress.",
        ),
    }
)
