"""What the member service reads from its environment, and no other service."""

from pydantic_settings import BaseSettings, SettingsConfigDict


class MemberSettings(BaseSettings):
    """Rules a chapter's body may decide otherwise (docs/domain.md section 2.2). Ages in years."""

    model_config = SettingsConfigDict(env_prefix="REGISTRY_MEMBER_")

    hmt_admitted: bool = False
    """Whether residents of Hong Kong, Macao and Taiwan may join; the rules do not say."""
    chapters_admit: bool = False
    """Whether chapters, not only grassroots units, admit members."""
    youngest_age: int = 8
    guardian_consent_below: int = 18
    """Below 14 the law asks for the guardian's consent (PIPL 31), up to 17 the register does."""
    guardian_below: int = 18
    filing_needs_document: bool = False
    """Whether ``file`` names the document of filing; the rules ask for filing and name no paper
    (docs/domain.md section 2.3)."""
