WITH flow AS (
    SELECT site, hour, year, T_EG, flame, F_RG * 0.62e0 * 0.716e0 / 60e0 AS m_RG, F_EG * 0.716e0 / 60e0 AS m_EG
    FROM flare_minutes
),
efficiency AS (
    SELECT
        site, hour, year, m_RG,
        CASE
            WHEN flame = 0 OR T_EG < 500e0 THEN 0e0
            WHEN flame IS NULL OR T_EG IS NULL THEN NULL
            WHEN T_EG >= 1100e0 THEN 0.9e0
            WHEN m_RG IS NULL OR m_RG <> 0e0 AND m_EG IS NULL THEN NULL
            WHEN 1e0 - CASE WHEN m_RG = 0e0 THEN 0e0 ELSE m_EG / m_RG END < 0.5e0 THEN 0.5e0
            WHEN T_EG >= 850e0 THEN 0.98e0
            ELSE 0.995e0
        END AS eta
    FROM flow
),
minutes AS (
    SELECT site, hour, year, m_RG, m_RG * (1e0 - eta) * 28e0 / 1000e0 AS PE FROM efficiency
),
hours AS (
    SELECT
        site, hour, year,
        CASE WHEN COUNT(PE) = COUNT(*) THEN CAST(SUM(CAST(PE * {grid} AS HUGEINT)) AS DOUBLE) * {step} END AS PE,
        CASE WHEN COUNT(m_RG) = COUNT(*) THEN CAST(SUM(CAST(m_RG * {grid} AS HUGEINT)) AS DOUBLE) * {step} END AS m_RG
    FROM minutes
    GROUP BY site, hour, year
),
hourly_efficiency AS (
    SELECT site, year, PE, CASE WHEN m_RG = 0e0 THEN 0e0 ELSE 1e0 - PE / 28e0 / m_RG * 1000e0 END AS eta FROM hours
),
years AS (
    SELECT
        site, year,
        CASE WHEN COUNT(PE) = COUNT(*) THEN CAST(SUM(CAST(PE * {grid} AS HUGEINT)) AS DOUBLE) * {step} END AS PE,
        CASE WHEN COUNT(eta) = COUNT(*) THEN CAST(SUM(CAST(eta * {grid} AS HUGEINT)) AS DOUBLE) * {step} / COUNT(*) END AS eta_year
    FROM hourly_efficiency
    GROUP BY site, year
)
SELECT site, year, PE, eta_year FROM years
